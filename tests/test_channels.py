"""Channels besides the training channel, as users give them."""

from __future__ import annotations

import pytest

from sagemaker_spark_py import Channel
from sagemaker_spark_py.errors import SettingError
from tests.digits import digits, kmeans


@pytest.mark.parametrize(
    ("data", "arguments", "words"),
    [
        ("folder/x", {}, r"wrong data: 'folder/x'; expected a DataFrame or an S3 URI"),
        (None, {}, "wrong data: None"),
        ("s3://b/k", {"format": "csv"}, r"format goes with a DataFrame only: 'csv'.*contentType"),
        ("s3://b/k", {"inputMode": "Fast"}, "inputMode is not known: 'Fast'"),
        ("s3://b/k", {"distribution": "Sharded"}, "distribution is not known"),
        ("s3://b/k", {"compression": "zip"}, "compression is not known"),
        ("s3://b/k", {"s3DataType": "x"}, "s3DataType is not known"),
    ],
)
def test_wrong_arguments(data, arguments, words) -> None:
    with pytest.raises(SettingError, match=words):
        Channel(data, **arguments)


def test_an_estimator_checks_its_channels() -> None:
    with pytest.raises(SettingError, match="wrong data: 3"):
        kmeans(channels={"test": 3})
    with pytest.raises(SettingError, match="channels is not a mapping"):
        kmeans(channels=["s3://b/k"])


def test_channels_in_s3_are_saved_with_the_estimator(spark, tmp_path) -> None:
    channels = {"test": "s3://b/k", "model": Channel("s3://b/m", contentType="application/x-sagemaker-model")}
    kmeans(channels=channels).save(str(tmp_path / "stage"))
    loaded = type(kmeans()).load(str(tmp_path / "stage"))
    assert loaded.channels == channels
    assert loaded.channels["model"].data == "s3://b/m"


def test_a_dataframe_cannot_be_saved_and_says_so(spark, tmp_path) -> None:
    for data in (digits(spark, 5), Channel(digits(spark, 5))):
        with pytest.raises(SettingError, match=r"DataFrame among channels cannot be saved; expected S3 URIs"):
            kmeans(channels={"test": data}).save(str(tmp_path / "stage"))
