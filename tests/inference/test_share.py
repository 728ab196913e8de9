"""A limit for the whole job, divided over its tasks."""

import pytest
from pyspark.ml.linalg import Vectors
from pyspark.sql import functions as F

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference import endpoint
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.share import shared, tasks_at_once
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer


@pytest.mark.parametrize(
    ("conf", "tasks"),
    [
        ("master local", 1),
        ("master local[8]", 8),
        ("master local[8,3]", 8),
        ("master local[8]; task.cpus 3", 2),
        ("master local-cluster[2, 3, 1024]", 6),
        ("master yarn; executor.instances 10; executor.cores 4", 40),
        ("master yarn; executor.instances 10; executor.cores 4; task.cpus 2", 20),
        ("master yarn; executor.instances 10", None),
        ("master yarn; executor.cores 4", None),
        ("executor.instances 1; executor.cores 4; dynamicAllocation.enabled true", None),
        ("dynamicAllocation.enabled true; dynamicAllocation.maxExecutors 5; executor.cores 4", 20),
        ("master spark://h:7077; cores.max 12", 12),
        ("master spark://h:7077; executor.instances 9; executor.cores 2; cores.max 12", 12),
        ("", None),
    ],
)
def test_tasks_are_counted_as_the_cluster_manager_does(conf, tasks):
    values = dict(f"spark.{part}".split(" ", 1) for part in conf.split("; ") if part)
    assert tasks_at_once(values.get) == tasks


@pytest.fixture
def call(session):
    def make(**how):
        formats = ProtobufRequestRowSerializer(), KMeansProtobufResponseRowDeserializer()
        return EndpointCall(session, "e", *formats, Invocation(**how))

    return make


@pytest.mark.parametrize(
    ("how", "each", "partitions"),
    [
        ({}, 4, 5),
        ({"maxTotalInFlight": 100}, 4, 5),
        ({"maxTotalInFlight": 7}, 3, 5),
        ({"maxTotalInFlight": 2, "maxInFlight": 16}, 1, 5),
        ({"maxTotalInFlight": 1}, 1, 1),
    ],
)
def test_each_of_the_two_tasks_has_its_share(spark, call, how, each, partitions):
    rows, divided = shared(spark.range(10).repartition(5), call(**how))
    assert divided.invocation.maxInFlight == each
    assert rows.select(F.spark_partition_id()).distinct().count() == partitions


def test_no_more_are_under_way_than_allowed(stub, spark, call):
    df = spark.createDataFrame([(Vectors.dense(i, 1),) for i in range(40)], ["features"]).repartition(5)
    how = {"maxTotalInFlight": 2, "maxInFlight": 8, "maxRowsPerRequest": 1}
    assert len(endpoint.transform(df, call(**how), True).collect()) == 40
    assert 1 <= stub.most_under_way <= 2


def test_a_cluster_that_does_not_say_is_refused(spark, call, monkeypatch):
    monkeypatch.setattr("sagemaker_spark_py.inference.share.tasks_at_once", lambda conf: None)
    with pytest.raises(SettingError, match=r"maxTotalInFlight cannot be divided.*spark.executor.instances"):
        shared(spark.range(1), call(maxTotalInFlight=8))
