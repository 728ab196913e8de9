"""Formats that put something around rows, or take one row at a time, on the way to an endpoint and back."""

import io
import json

import numpy as np
import pytest
from pyspark.ml.linalg import Vectors

from sagemaker_spark_py.errors import DataError, SettingError
from sagemaker_spark_py.inference.endpoint import EndpointCall
from sagemaker_spark_py.inference.invoke import answers
from sagemaker_spark_py.invocation import Invocation
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import (
    JSONResponseRowDeserializer,
    NpyResponseRowDeserializer,
    TextResponseRowDeserializer,
)
from sagemaker_spark_py.transformation.rows import to_batch
from sagemaker_spark_py.transformation.serializers import (
    JSONRequestRowSerializer,
    NpyRequestRowSerializer,
    TextRequestRowSerializer,
)

NUMBERS = as_schema("n int")


def double(body):
    return json.dumps({"predictions": [2 * n for n in json.loads(body)["instances"]]}).encode()


def numbers(*counts):
    return [to_batch([(i,) for i in range(count)], NUMBERS) for count in counts]


@pytest.fixture
def call(one_client):
    def make(serializer, deserializer, **how):
        return EndpointCall(one_client, "e", serializer, deserializer, Invocation(**how))

    return make


def test_json_bodies_are_whole_documents_within_the_limit(stub, call):
    stub.model = double
    asked = call(JSONRequestRowSerializer("n"), JSONResponseRowDeserializer("p int"), maxBodyBytes=30)
    found = list(answers(numbers(5, 0, 7), asked, 0))
    assert [batch.column(0).to_pylist() for batch in found if len(batch)] == [
        [2 * i for i in range(5)],
        [2 * i for i in range(7)],
    ]
    assert len(stub.bodies) > 1
    for body in stub.bodies:
        assert len(body) <= 30
        json.loads(body)


def test_the_frame_must_leave_room_for_rows(call):
    with pytest.raises(SettingError, match="maxBodyBytes is too small: 17; expected more than the 17 bytes"):
        call(JSONRequestRowSerializer("n"), JSONResponseRowDeserializer("p int"), maxBodyBytes=17)


@pytest.mark.parametrize("limit", [None, 5])
def test_a_format_of_single_rows_needs_no_setting(stub, call, limit):
    stub.model = lambda body: json.loads(body)["inputs"].encode()
    serializer = JSONRequestRowSerializer(template='{"inputs": "<{n}>"}')
    asked = call(serializer, TextResponseRowDeserializer(), maxRowsPerRequest=limit)
    (found,) = answers(numbers(3), asked, 0)
    assert found.column(0).to_pylist() == ["<0>", "<1>", "<2>"]
    assert sorted(stub.bodies) == [b'{"inputs": "<%d>"}' % i for i in range(3)]


def test_the_smaller_row_limit_counts(stub, call):
    stub.model = double
    serializer = JSONRequestRowSerializer("n")
    assert call(serializer, JSONResponseRowDeserializer("p int"), maxRowsPerRequest=2).max_rows == 2
    assert call(TextRequestRowSerializer(), TextResponseRowDeserializer(), maxRowsPerRequest=2).max_rows == 1
    assert call(serializer, JSONResponseRowDeserializer("p int")).max_rows is None


def sums(body):
    file = io.BytesIO()
    np.save(file, np.load(io.BytesIO(body)).sum(axis=1))
    return file.getvalue()


def test_arrays_have_a_header_for_their_rows(stub, call):
    stub.model = sums
    batch = to_batch([(Vectors.dense(i, 1),) for i in range(6)], as_schema("features vector"))
    asked = call(NpyRequestRowSerializer(), NpyResponseRowDeserializer(), maxRowsPerRequest=4)
    (found,) = answers([batch], asked, 0)
    assert found.column(0).to_pylist() == [1, 2, 3, 4, 5, 6]
    assert sorted(np.load(io.BytesIO(body)).shape for body in stub.bodies) == [(2, 2), (4, 2)]


def test_batches_that_cannot_share_an_array_are_named(stub, call):
    stub.model = sums
    schema = as_schema("features vector")
    batches = [to_batch([(Vectors.dense([1.0] * dim),)], schema) for dim in (1, 3)]
    with pytest.raises(DataError, match="Partition 4: Rows 0 to 1: Rows of one request differ in size"):
        list(answers(batches, call(NpyRequestRowSerializer(), NpyResponseRowDeserializer()), 4))
    assert stub.bodies == []
