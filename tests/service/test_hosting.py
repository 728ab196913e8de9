import logging

import pytest

from sagemaker_spark_py.errors import (
    AccessError,
    NotFoundError,
    ResourceCreationError,
    ServiceError,
    SettingError,
)
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service import hosting as module
from sagemaker_spark_py.service.hosting import Hosting, create_endpoint, serving_endpoint
from sagemaker_spark_py.service.requests import endpoint, endpoint_config, model

HOSTING = Hosting(
    model(name="m", image="i", model_data_uri="s3://b/m.tar.gz", role="arn:aws:iam::123456789012:role/x"),
    endpoint_config(name="c", model_name="m", instance_type="ml.t2.medium", instance_count=1),
    endpoint(name="e", config_name="c"),
)
ALL = CreatedResources("m", "c", "e")
STEPS = (
    ("create_model", "ModelArn", "model"),
    ("create_endpoint_config", "EndpointConfigArn", "endpoint_config"),
    ("create_endpoint", "EndpointArn", "endpoint"),
)


@pytest.fixture(autouse=True)
def _no_logs(monkeypatch):
    monkeypatch.setattr(module, "last_lines", lambda *_: ["a log line"])


def made(stub, steps=3):
    for operation, arn, request in STEPS[:steps]:
        stub.add_response(operation, {arn: "arn:aws:sagemaker:us-east-1:1:x/y"}, getattr(HOSTING, request))


def described(stub, *statuses, **more):
    for status in statuses:
        answer = {
            "EndpointName": "e",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:1:endpoint/e",
            "EndpointStatus": status,
            "CreationTime": 0,
            "LastModifiedTime": 0,
            **more,
        }
        stub.add_response("describe_endpoint", answer, {"EndpointName": "e"})


def test_endpoint_is_made_in_order_and_waited_for(sagemaker, clock):
    session, stub = sagemaker
    made(stub)
    described(stub, "Creating")
    stub.add_client_error("describe_endpoint", "ThrottlingException", "Rate exceeded", 400)
    described(stub, "SystemUpdating", "SomethingNewOfAWS", "InService")
    seen = []
    assert create_endpoint(session, HOSTING, watch=seen.append, pace=clock.pace()) == ALL
    assert [(s.subject, s.status, s.is_over) for s in seen] == [
        ("Endpoint 'e'", "Creating", False),
        ("Endpoint 'e'", "SystemUpdating", False),
        ("Endpoint 'e'", "SomethingNewOfAWS", False),
        ("Endpoint 'e'", "InService", True),
    ]


@pytest.mark.parametrize(
    ("steps", "exists"),
    [
        (0, CreatedResources()),
        (1, CreatedResources("m")),
        (2, CreatedResources("m", "c")),
    ],
)
def test_failure_carries_what_exists_by_then(sagemaker, clock, steps, exists):
    session, stub = sagemaker
    made(stub, steps)
    stub.add_client_error(STEPS[steps][0], "AccessDeniedException", "not you", 400)
    with pytest.raises(ResourceCreationError, match="AccessDeniedException") as caught:
        create_endpoint(session, HOSTING, pace=clock.pace())
    assert caught.value.createdResources == exists
    assert isinstance(caught.value.__cause__, AccessError)
    assert (f"still exists: {exists}." if steps else "Nothing was made.") in str(caught.value)


@pytest.mark.parametrize("status", ["Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"])
def test_endpoint_that_will_not_serve(sagemaker, clock, status):
    session, stub = sagemaker
    made(stub)
    described(stub, "Creating")
    described(stub, status, FailureReason="The container did not pass the ping health check.")
    with pytest.raises(ResourceCreationError) as caught:
        create_endpoint(session, HOSTING, pace=clock.pace())
    assert caught.value.createdResources == ALL
    assert str(caught.value) == (
        "Endpoint 'e' was not made.\n"
        f"Endpoint 'e' is {status}: The container did not pass the ping health check.\n"
        "The container did not answer /ping in time: its log tells why.\n"
        "Last lines of its log:\n"
        "  a log line\n"
        "What was made and still exists: model 'm', endpoint config 'c', endpoint 'e'. "
        "SageMakerResourceCleanup(client).deleteResources(error.createdResources) deletes it."
    )


def test_endpoint_that_takes_too_long(sagemaker, clock):
    session, stub = sagemaker
    made(stub)
    described(stub, *["Creating"] * 4)
    with pytest.raises(ResourceCreationError, match=r"not over after 5 s; expected InService") as caught:
        create_endpoint(session, HOSTING, pace=clock.pace(timeout_seconds=5.0, poll_seconds=2.0))
    assert caught.value.createdResources == ALL


def test_patience_is_half_an_hour():
    assert module.ENDPOINT_PACE.timeout_seconds == 1800


def test_lost_rights_while_waiting(sagemaker, clock):
    session, stub = sagemaker
    made(stub)
    stub.add_client_error("describe_endpoint", "ExpiredTokenException", "old", 400)
    with pytest.raises(ResourceCreationError, match="expired") as caught:
        create_endpoint(session, HOSTING, pace=clock.pace())
    assert caught.value.createdResources == ALL


def test_control_c_names_what_exists(sagemaker, clock, caplog):
    def interrupt(_):
        raise KeyboardInterrupt

    session, stub = sagemaker
    made(stub)
    described(stub, "Creating")
    caplog.set_level(logging.WARNING)
    with pytest.raises(KeyboardInterrupt):
        create_endpoint(session, HOSTING, watch=interrupt, pace=clock.pace())
    assert "model 'm', endpoint config 'c', endpoint 'e'" in caplog.text


def test_endpoint_to_attach_to(sagemaker):
    session, stub = sagemaker
    described(stub, "InService", "Creating")
    assert serving_endpoint(session, "e")["EndpointName"] == "e"
    with pytest.raises(SettingError, match="its status is Creating; expected InService"):
        serving_endpoint(session, "e")
    stub.add_client_error("describe_endpoint", "ValidationException", 'Could not find endpoint "e".', 400)
    with pytest.raises(NotFoundError, match="Endpoint 'e'"):
        serving_endpoint(session, "e")
    stub.add_client_error("describe_endpoint", "InternalFailure", "oh", 500)
    with pytest.raises(ServiceError, match="oh"):
        serving_endpoint(session, "e")
