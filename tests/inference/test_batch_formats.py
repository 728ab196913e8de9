"""Formats that put something around rows, or take one row at a time, on the way to a transform job."""

import json
from types import SimpleNamespace

import pytest

from sagemaker_spark_py.batch_transform import BatchTransform
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.inference.batch import BatchCall, _staging
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging import transform_input
from sagemaker_spark_py.transformation.ddl import as_schema
from sagemaker_spark_py.transformation.deserializers import JSONResponseRowDeserializer
from sagemaker_spark_py.transformation.rows import to_batch
from sagemaker_spark_py.transformation.serializers import JSONRequestRowSerializer

PLACE = Place("bucket", "prefix")
FRAME = SimpleNamespace(schema=as_schema("n int"), columns=["n"])


def call(serializer, **options):
    return BatchCall(
        session=Session("us-east-1"),
        name="job",
        model={},
        place=lambda: PLACE,
        serializer=serializer,
        deserializer=JSONResponseRowDeserializer("p int"),
        instanceType="ml.m5.large",
        instanceCount=1,
        options=BatchTransform(**options),
    )


def staged(monkeypatch, asked):
    """What the input objects hold."""
    objects = []

    def upload(session, place, key, buffers):
        if key.startswith("prefix/input/"):
            objects.append(b"".join(bytes(buffer) for buffer in buffers))

    monkeypatch.setattr(transform_input, "upload", upload)
    _, task = _staging(FRAME, asked, PLACE, True)
    batches = [to_batch([(n,) for n in range(5)], FRAME.schema)]
    for number, (rows, body) in enumerate(transform_input._cut(task, batches)):
        transform_input._write(task, f"part-{number}", rows, body)
    return objects


def test_each_object_is_one_document(monkeypatch):
    (whole,) = staged(monkeypatch, call(JSONRequestRowSerializer("n")))
    assert json.loads(whole) == {"instances": list(range(5))}
    parts = staged(monkeypatch, call(JSONRequestRowSerializer("n"), maxRowsPerObject=3))
    assert [json.loads(part)["instances"] for part in parts] == [[0, 1, 2], [3, 4]]


def test_a_format_of_single_rows_makes_an_object_of_each(monkeypatch):
    parts = staged(monkeypatch, call(JSONRequestRowSerializer(template='{"x": {n}}')))
    assert [json.loads(part) for part in parts] == [{"x": n} for n in range(5)]


def test_a_document_cannot_be_split():
    with pytest.raises(SettingError, match="splitType does not fit JSONRequestRowSerializer: 'Line'"):
        call(JSONRequestRowSerializer("n"), splitType="Line").request(PLACE, "s3://bucket/manifest")
