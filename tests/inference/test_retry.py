"""Which failures are met with another attempt, and what follows the last one."""

import random

import pytest
from botocore import exceptions as boto

from sagemaker_spark_py.errors import ServiceError
from sagemaker_spark_py.inference import retry
from sagemaker_spark_py.inference.retry import Rule, Then, rule_for
from sagemaker_spark_py.service.aws_errors import as_ours


def failure(code, status, message="", **members):
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "r"},
        **members,
    }
    return answered(boto.ClientError(answer, "InvokeEndpoint"))


def answered(error):
    try:
        raise as_ours(error, "Endpoint 'e'") from error
    except ServiceError as ours:
        return ours


def model_error(status):
    return failure("ModelError", 424, "Received ...", OriginalStatusCode=status)


@pytest.mark.parametrize(
    ("error", "rule"),
    [
        (failure("ModelNotReadyException", 429), retry.LOADING),
        (failure("ExpiredTokenException", 403), retry.RENEWED),
        (failure("ExpiredToken", 400), retry.RENEWED),
        (failure("ThrottlingException", 400, "None"), retry.THROTTLED_CALL),
        (failure("ThrottlingException", 429, "Rate exceeded"), retry.THROTTLED_CALL),
        (failure("429", 429), retry.THROTTLED_CALL),
        (failure("TooManyRequestsException", 400), retry.THROTTLED_CALL),
        (failure("400", 400), retry.THROTTLED_CALL),
        (failure("400", 400, "None"), retry.THROTTLED_CALL),
        (failure("400", 400, "malformed"), retry.REFUSED),
        (failure("413", 413), retry.TOO_LARGE),
        (failure("ValidationError", 400, "Request x has oversize body"), retry.TOO_LARGE),
        (model_error(413), retry.TOO_LARGE),
        (model_error(0), retry.MODEL_TOO_SLOW),
        (model_error(429), retry.MODEL_BUSY),
        (model_error(500), retry.MODEL_FAILED),
        (model_error(504), retry.MODEL_FAILED),
        (failure("ModelError", 424), retry.MODEL_FAILED),
        (model_error(400), retry.MODEL_REFUSED),
        (model_error(415), retry.MODEL_REFUSED),
        (failure("InternalDependencyException", 530), retry.DEPENDENCY),
        (failure("InternalFailure", 500), retry.SERVICE_FAILED),
        (failure("ServiceUnavailable", 503), retry.SERVICE_FAILED),
        (answered(boto.ReadTimeoutError(endpoint_url="u")), retry.NO_ANSWER_IN_TIME),
        (answered(boto.ConnectionClosedError(endpoint_url="u")), retry.CONNECTION_LOST),
        (answered(boto.EndpointConnectionError(endpoint_url="u")), retry.CONNECTION_LOST),
        (answered(boto.IncompleteReadError(actual_bytes=1, expected_bytes=2)), retry.CONNECTION_LOST),
        (failure("ValidationError", 400, "Endpoint e of account 1 not found."), retry.REFUSED),
        (failure("AccessDeniedException", 403), retry.REFUSED),
        (failure("ValidationError", 400, "wrong"), retry.REFUSED),
        (answered(boto.NoCredentialsError()), retry.REFUSED),
    ],
)
def test_each_failure_has_its_rule(error, rule):
    assert rule_for(error) is rule


def test_every_line_of_the_table_is_met_above():
    rules = test_each_failure_has_its_rule.pytestmark[0].args[1]
    assert {rule for _, rule in retry.TABLE} == {rule for _, rule in rules}


def test_delays_grow_to_a_bound(monkeypatch):
    monkeypatch.setattr(random, "uniform", lambda low, high: (low, high))
    rule = Rule(Then.STOP, 9, 0.5, 3)
    assert [rule.delay_seconds(n) for n in range(1, 6)] == [(0, 0.5), (0, 1), (0, 2), (0, 3), (0, 3)]
    assert rule.delay_seconds(10_000) == (0, 3)
