"""Places in S3 and names of what was created."""

from __future__ import annotations

import pytest

from sagemaker_spark_py import CreatedResources, S3DataPath
from sagemaker_spark_py.errors import SettingError


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("s3://b/k", S3DataPath("b", "k")),
        ("s3a://b/a key/with%20signs?and=more#too", S3DataPath("b", "a key/with%20signs?and=more#too")),
        ("s3n://b/p/", S3DataPath("b", "p/")),
        ("s3://b", S3DataPath("b", "")),
    ],
)
def test_keys_are_taken_as_they_are_written(uri, path) -> None:
    assert S3DataPath.fromS3URI(uri) == path
    assert S3DataPath.fromS3URI(path.toS3UriString()) == path


@pytest.mark.parametrize("uri", ["b/k", "/b/k", "s3:/b/k", "s3:///k", "s3x://b/k", "https://b/k", ""])
def test_other_schemes_and_missing_ones_are_refused_with_the_text(uri) -> None:
    with pytest.raises(SettingError, match="cannot be read") as caught:
        S3DataPath.fromS3URI(uri)
    assert repr(uri) in str(caught.value)


def test_what_was_created_is_named() -> None:
    assert str(CreatedResources("m", endpoint_name="e")) == "model 'm', endpoint 'e'"
    assert str(CreatedResources()) == "nothing"
