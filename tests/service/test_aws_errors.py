import boto3
import botocore.endpoint
import pytest
from boto3.exceptions import Boto3Error
from botocore import exceptions as boto
from botocore.exceptions import ClientError

from sagemaker_spark_py.errors import AccessError, NotFoundError, ServiceError, SettingError
from sagemaker_spark_py.service.aws_errors import is_transient, translated
from sagemaker_spark_py.service.session import Session


def caught(error, subject="Training job 'x'"):
    with pytest.raises(Exception, match="Training job 'x'") as info, translated(subject):
        raise error
    assert info.value.__cause__ is error
    return info.value


def refused(code, message="why", status=400, operation="DescribeTrainingJob"):
    answer = {"HTTPStatusCode": status, "RequestId": "req-1"}
    return caught(
        ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": answer}, operation)
    )


def test_refusal_carries_everything():
    error = refused("ValidationException", "1 validation error detected.")
    assert type(error) is ServiceError
    assert (error.code, error.status, error.requestId) == ("ValidationException", 400, "req-1")
    assert str(error) == (
        "Training job 'x': DescribeTrainingJob was refused: ValidationException (HTTP 400): "
        "1 validation error detected."
    )


@pytest.mark.parametrize(
    ("code", "status", "kind", "advice"),
    [
        ("AccessDeniedException", 400, AccessError, "may call DescribeTrainingJob"),
        ("AccessDenied", 403, AccessError, "may call"),
        ("403", 403, AccessError, "may call"),
        ("ExpiredToken", 400, AccessError, "expired. Log in again"),
        ("ExpiredTokenException", 403, AccessError, "expired. Log in again"),
        ("UnrecognizedClientException", 400, AccessError, "does not know these credentials"),
        ("InvalidAccessKeyId", 403, AccessError, "does not know these credentials"),
        ("SignatureDoesNotMatch", 403, AccessError, "does not know these credentials"),
        ("ThrottlingException", 400, ServiceError, "limits how often"),
        ("SlowDown", 503, ServiceError, "limits how often"),
        ("TooManyRequestsException", 429, ServiceError, "limits how often"),
        ("ResourceInUse", 400, ServiceError, "Choose another name"),
        ("ResourceLimitExceeded", 400, ServiceError, "quota"),
        ("NoSuchBucket", 404, NotFoundError, ""),
        ("404", 404, NotFoundError, ""),
        ("ResourceNotFound", 400, NotFoundError, ""),
        ("InternalFailure", 500, ServiceError, ""),
    ],
)
def test_kinds_and_advice(code, status, kind, advice):
    error = refused(code, status=status)
    assert type(error) is kind
    assert advice in str(error)


@pytest.mark.parametrize("message", ['Could not find endpoint "x".', "Requested resource not found."])
def test_sagemakers_other_way_to_say_not_found(message):
    assert type(refused("ValidationException", message)) is NotFoundError
    assert type(refused("InternalFailure", message, 500)) is ServiceError


def test_name_that_exists():
    error = refused("ValidationException", 'Cannot create already existing model "m".')
    assert type(error) is ServiceError
    assert "Choose another name" in str(error)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (boto.NoCredentialsError(), AccessError, "without credentials.*Set up credentials"),
        (boto.PartialCredentialsError(provider="env", cred_var="k"), AccessError, "without credentials"),
        (boto.CredentialRetrievalError(provider="p", error_msg="m"), AccessError, "log in again"),
        (boto.UnauthorizedSSOTokenError(), AccessError, "log in again"),
        (boto.NoRegionError(), SettingError, "AWS_DEFAULT_REGION"),
        (boto.ProfileNotFound(profile="nobody"), SettingError, "nobody"),
        (boto.ParamValidationError(report="Missing X"), SettingError, "Missing X"),
        (boto.EndpointConnectionError(endpoint_url="http://h:1"), ServiceError, "h:1.*Is the server running"),
        (boto.ConnectTimeoutError(endpoint_url="http://h:1"), ServiceError, "Is the server running"),
        (boto.ReadTimeoutError(endpoint_url="http://h:1"), ServiceError, "without an answer.*h:1"),
        (boto.ConnectionClosedError(endpoint_url="http://h:1"), ServiceError, "without an answer"),
        (boto.BotoCoreError(), ServiceError, "without an answer"),
        (Boto3Error("odd"), ServiceError, "odd"),
    ],
)
def test_errors_without_an_answer(error, kind, text):
    ours = caught(error)
    assert type(ours) is kind
    with pytest.raises(kind, match=text):
        raise ours
    assert getattr(ours, "status", 0) == 0


def test_what_is_worth_another_try():
    worth = [
        refused("ThrottlingException"),
        refused("Throttling", status=429),
        refused("InternalFailure", status=500),
        refused("ServiceUnavailable", status=503),
        refused("SlowDown", status=503),
        caught(boto.ReadTimeoutError(endpoint_url="u")),
        caught(boto.ConnectionClosedError(endpoint_url="u")),
        caught(boto.EndpointConnectionError(endpoint_url="u")),
    ]
    assert all(is_transient(error) for error in worth)
    vain = [
        refused("ValidationException"),
        refused("AccessDeniedException"),
        refused("ResourceNotFound"),
        caught(boto.NoCredentialsError()),
        caught(boto.BotoCoreError()),
    ]
    assert not any(is_transient(error) for error in vain)


def test_own_and_foreign_errors_pass():
    for error in (ValueError("x"), ServiceError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as info, translated("s"):
            raise error
        assert info.value is error


def test_no_server_for_real(monkeypatch):
    monkeypatch.setattr(botocore.endpoint.time, "sleep", lambda _: None)
    session = Session("us-east-1", endpointUrls=(("sagemaker", "http://127.0.0.1:9"),))
    client = session.client("sagemaker")
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1:9.*Is the server running"), translated("Jobs"):
        client.list_training_jobs()


def test_no_credentials_for_real(monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = boto3.Session().client("sagemaker", region_name="us-east-1", endpoint_url="http://127.0.0.1:9")
    with pytest.raises(AccessError, match="Jobs cannot be reached without credentials"), translated("Jobs"):
        client.list_training_jobs()
