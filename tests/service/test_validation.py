import pytest

from sagemaker_spark_py.service import validation
from sagemaker_spark_py.service.validation import validated


def test_valid_request_comes_back_as_it_is():
    request = {"EndpointName": "e", "EndpointConfigName": "c"}
    assert validated("CreateEndpoint", request) is request


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", "Größe 1", "a;b"),
        (r"arn:[\p{Alnum}\-]+:x", "arn:aws-cn:x", "arn:aws_cn:x"),
        (r"^[a-z]+$", "abc", "Abc"),
    ],
)
def test_javas_patterns_are_understood(pattern, good, bad):
    assert validation._compiled(pattern).fullmatch(good)
    assert not validation._compiled(pattern).fullmatch(bad)


def test_pattern_that_python_cannot_read_allows_all():
    assert validation._compiled(r"[\p{M}]+").fullmatch("anything\nat all")
