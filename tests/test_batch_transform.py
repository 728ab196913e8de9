import pickle

import pytest

from sagemaker_spark_py import BatchTransform, S3DataPath
from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.persistence import decode, encode

RECORDS, CSV = "application/x-recordio-protobuf", "text/csv"


@pytest.mark.parametrize(
    ("options", "content", "accept", "split", "assembly"),
    [
        ({}, RECORDS, RECORDS, "None", "None"),
        ({}, CSV, CSV, "None", "None"),
        ({"strategy": "MultiRecord"}, CSV, CSV, "None", "None"),
        ({"strategy": "SingleRecord"}, RECORDS, RECORDS, "RecordIO", "None"),
        ({"strategy": "SingleRecord"}, RECORDS, CSV, "RecordIO", "Line"),
        ({"strategy": "SingleRecord"}, "application/jsonlines", "application/jsonlines", "Line", "Line"),
        ({"strategy": "SingleRecord", "splitType": "TFRecord"}, "x/y", "x/y", "TFRecord", "None"),
        ({"splitType": "Line", "assembleWith": "None"}, CSV, CSV, "Line", "None"),
    ],
)
def test_records_are_cut_and_put_together_as_their_format_wants(options, content, accept, split, assembly):
    value = BatchTransform(**options)
    assert value.split_for(content) == split
    assert value.assembly_for(content, accept) == assembly


def test_single_records_of_an_unknown_format():
    with pytest.raises(SettingError, match=r"splitType is not given: rows of application/x-npy"):
        BatchTransform(strategy="SingleRecord").split_for("application/x-npy")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "Many"}, "strategy is not known: 'Many'"),
        ({"splitType": "Lines"}, "splitType is not known"),
        ({"assembleWith": "Comma"}, "assembleWith is not known"),
        ({"logs": "loud"}, "logs is not known"),
        ({"maxPayload": 0}, "maxPayload is out of range: 0; expected 1 to 100"),
        ({"maxPayload": 101}, "maxPayload is out of range"),
        ({"maxPayload": None}, "maxPayload has the wrong type"),
        ({"maxPayload": 1.5}, "maxPayload has the wrong type"),
        ({"maxRowsPerObject": 0}, "maxRowsPerObject is out of range: 0; expected 1 or more"),
        ({"invocationsMaxRetries": 4}, "invocationsMaxRetries is out of range"),
        ({"invocationsTimeoutInSeconds": 3601}, "invocationsTimeoutInSeconds is out of range"),
        ({"maxPayload": 30, "maxConcurrentTransforms": 4}, "maxConcurrentTransforms is too large"),
        ({"s3DataPath": "s3://b/p"}, "s3DataPath has the wrong type: str"),
    ],
)
def test_wrong_values(options, message):
    with pytest.raises(SettingError, match=message):
        BatchTransform(**options)


def test_it_is_a_value_that_can_be_saved():
    value = BatchTransform(
        strategy="SingleRecord", environment={"A": "1"}, s3DataPath=S3DataPath("b", "p"), keep=True
    )
    assert decode(encode(value)) == value == pickle.loads(pickle.dumps(value))


def test_members_of_the_request():
    value = BatchTransform(maxPayload=2, invocationsMaxRetries=0, environment={"A": "1"})
    assert value.members() == {
        "BatchStrategy": None,
        "MaxPayloadInMB": 2,
        "MaxConcurrentTransforms": None,
        "Environment": {"A": "1"},
        "ModelClientConfig": {"InvocationsMaxRetries": 0},
    }
    assert value.object_bytes == 2 * 7 * 2**20 // 8
