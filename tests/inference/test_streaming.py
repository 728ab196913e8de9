"""Rows of a stream, and rows of tasks that die: each has its prediction once."""

import os
import signal
from pathlib import Path

import pytest
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py import EndpointCreationPolicy, S3DataPath, SageMakerModel
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import EndpointCall, endpoint
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.recordio import decode
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer
from tests.digits import ROLE

FORMATS = {
    "requestRowSerializer": ProtobufRequestRowSerializer(),
    "responseRowDeserializer": KMeansProtobufResponseRowDeserializer(),
}


@pytest.fixture
def frame(spark):
    return spark.createDataFrame([(i, Vectors.dense(i, 1)) for i in range(40)], ["i", "features"])


@pytest.fixture
def stream(spark, frame, tmp_path):
    frame.repartition(3).write.parquet(str(tmp_path / "rows"))
    return spark.readStream.schema(frame.schema).parquet(str(tmp_path / "rows"))


def test_a_stream_is_asked_for_as_it_comes(spark, stub, session, stream, tmp_path):
    policy = EndpointCreationPolicy.DO_NOT_CREATE
    model = SageMakerModel(
        existingEndpointName="e", endpointCreationPolicy=policy, session=session, **FORMATS
    )
    writer = model.transform(stream).writeStream.format("memory").queryName("answered")
    query = writer.option("checkpointLocation", str(tmp_path / "check")).trigger(availableNow=True).start()
    query.awaitTermination()
    rows = spark.table("answered").collect()
    assert sorted(row.i for row in rows) == list(range(40))
    assert all(row.closest_cluster == row.i for row in rows)
    assert sum(len(decode(body)) for body in stub.bodies) == 40


def test_no_endpoint_is_made_for_a_stream(stub, session, stream):
    model = SageMakerModel(
        endpointInstanceType="ml.m5.large",
        endpointInitialInstanceCount=1,
        modelImage="image",
        modelPath=S3DataPath("b", "model.tar.gz"),
        modelExecutionRoleARN=ROLE,
        endpointCreationPolicy=EndpointCreationPolicy.CREATE_ON_TRANSFORM,
        session=session,
        **FORMATS,
    )
    with pytest.raises(SettingError, match=r"no endpoint yet, and none is made for a stream.*fromEndpoint"):
        model.transform(stream)
    assert stub.requests == []


class Killing(ProtobufRequestRowSerializer):
    """Kills its own process, without a word, before it serializes the third batch; once for each marker."""

    def __init__(self, marker):
        super().__init__()
        object.__setattr__(self, "marker", marker)
        object.__setattr__(self, "batches", 0)

    def serializeBatch(self, batch):
        object.__setattr__(self, "batches", self.batches + 1)
        if self.batches == 3 and not os.path.exists(self.marker):
            Path(self.marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().serializeBatch(batch)


def test_a_killed_worker_loses_and_repeats_nothing_in_the_result(spark, stub, session, frame, tmp_path):
    marker = str(tmp_path / "killed")
    call = EndpointCall(
        session,
        "e",
        Killing(marker),
        KMeansProtobufResponseRowDeserializer(),
        Invocation(maxRowsPerRequest=2),
    )
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", 5)
    try:
        rows = endpoint.transform(frame.coalesce(1), call, True).collect()
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert os.path.exists(marker)
    assert [row.i for row in rows] == list(range(40))
    assert [row.closest_cluster for row in rows] == list(range(40))


def test_a_limit_asks_for_little_more_than_it_needs(stub, session, frame):
    call = EndpointCall(
        session,
        "e",
        *FORMATS.values(),
        Invocation(maxRowsPerRequest=1, maxInFlight=2),
    )
    rows = endpoint.transform(frame.coalesce(1), call, True).limit(3).collect()
    assert [row.closest_cluster for row in rows] == [0, 1, 2]
    assert 3 <= len(stub.requests) <= 40
