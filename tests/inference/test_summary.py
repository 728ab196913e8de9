"""Counts of tasks, added up on the driver."""

import logging
import math

import pytest
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py import EndpointCreationPolicy, Invocation, InvocationSummary, SageMakerModel
from sagemaker_spark_py.inference import EndpointCall, invoke
from sagemaker_spark_py.inference.summary import Adding, answered
from sagemaker_spark_py.transformation.deserializers import KMeansProtobufResponseRowDeserializer
from sagemaker_spark_py.transformation.serializers import ProtobufRequestRowSerializer

from .test_invoke import batches


def test_quantiles_are_at_most_a_tenth_too_high():
    total = InvocationSummary()
    for milliseconds in range(1, 1001):
        total += answered(milliseconds / 1000, 10, 20)
    for quantile in (0.01, 0.5, 0.9, 1.0):
        assert quantile * 0.999 <= total.latencySeconds(quantile) <= quantile * 1.1
    assert (total.requests, total.sentBytes, total.receivedBytes) == (1000, 10_000, 20_000)
    assert math.isnan(InvocationSummary().latencySeconds(0.5))
    assert answered(0.0, 0, 0).latencySeconds(0.5) < 1e-5


def test_adding_up():
    one = InvocationSummary(tasks=1, rows=5, skippedRows=1, failedRows=2, retries=3, throttles=1, splits=4)
    both = Adding().addInPlace(one, answered(1, 2, 3))
    assert both == one + answered(1, 2, 3)
    assert (both.rows, both.requests, both.splits) == (5, 1, 4)
    assert Adding().zero(one) == InvocationSummary()
    assert "5 rows (1 skipped, 2 failed) in 1 requests (3 retries, 1 throttled, 4 divided)" in str(both)
    with pytest.raises(TypeError):
        one + 1


@pytest.fixture
def model(session):
    return SageMakerModel(
        existingEndpointName="e",
        endpointCreationPolicy=EndpointCreationPolicy.DO_NOT_CREATE,
        requestRowSerializer=ProtobufRequestRowSerializer(),
        responseRowDeserializer=KMeansProtobufResponseRowDeserializer(),
        session=session,
        invocation=Invocation(maxRowsPerRequest=4),
    )


@pytest.fixture
def frame(spark):
    rows = [(i, Vectors.dense(i, 1)) for i in range(40)]
    return spark.createDataFrame(rows, ["i", "features"]).repartition(4)


@pytest.mark.smoke
def test_the_driver_has_the_sum_of_all_tasks(stub, model, frame):
    assert model.lastInvocationSummary is None
    result = model.transform(frame)
    assert model.lastInvocationSummary == InvocationSummary()
    result.collect()
    counts = model.lastInvocationSummary
    assert (counts.rows, counts.tasks, counts.requests) == (40, 4, len(stub.requests))
    assert counts.sentBytes == sum(map(len, stub.bodies))
    result.collect()
    assert model.lastInvocationSummary.rows == 80
    model.copy().transform(frame)
    assert model.lastInvocationSummary.rows == 0


def test_each_task_says_it_once(stub, model, one_client, caplog):
    with caplog.at_level(logging.INFO, "sagemaker_spark_py"):
        call = EndpointCall(one_client, "e", model.requestRowSerializer, model.responseRowDeserializer)
        list(invoke.answers(batches(3, 2), call, 7))
        list(invoke.answers(batches(), call, 8))
    (line,) = [record.getMessage() for record in caplog.records if "inference" in record.name]
    assert line.startswith("Endpoint e, partition 7: 5 rows (0 skipped, 0 failed) in 1 requests")
