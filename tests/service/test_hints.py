import pytest

from sagemaker_spark_py.service.hints import hint


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("ClientError: Data download failed:No S3 objects found under S3 URL s3://b/p", "prefix is empty"),
        ("ClientError: Data download failed: AccessDenied (403): s3://b", "acts as the role"),
        ("CapacityError: Unable to provision requested ML compute capacity.", "short of this instance type"),
        ("AlgorithmError: , exit code: 137", "out of memory"),
        ("ClientError: No space left on device", "trainingInstanceVolumeSizeInGB"),
        ("InternalServerError: We encountered an internal error. Please try again.", "try once more"),
        ("ClientError: hyperparameter validation failed: k", "hyperparameter"),
        (
            "The container of variant AllRequests did not pass the ping health check.",
            "/ping",
        ),
        ("MaxRuntimeExceeded", "trainingMaxRuntimeInSeconds"),
        ("something new", ""),
        ("", ""),
    ],
)
def test_hints(reason, advice):
    assert advice in hint(reason)
    assert bool(hint(reason)) == bool(advice)
