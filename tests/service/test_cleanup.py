import pytest

from sagemaker_spark_py.errors import AccessError, CleanupError, ServiceError
from sagemaker_spark_py.resources import CreatedResources
from sagemaker_spark_py.service.cleanup import CLEANUP_PACE, SageMakerResourceCleanup

ALL = CreatedResources("m", "c", "e")


@pytest.fixture
def cleanup(sagemaker, clock):
    session, stub = sagemaker
    return SageMakerResourceCleanup(session.client("sagemaker"), pace=clock.pace(timeout_seconds=60.0)), stub


def status(stub, *statuses):
    for word in statuses:
        answer = {
            "EndpointName": "e",
            "EndpointArn": "arn:aws:sagemaker:us-east-1:1:endpoint/e",
            "EndpointStatus": word,
            "CreationTime": 0,
            "LastModifiedTime": 0,
        }
        stub.add_response("describe_endpoint", answer, {"EndpointName": "e"})


def missing(stub, operation):
    stub.add_client_error(operation, "ValidationException", "Could not find it.", 400)


def refused(stub, operation, code="AccessDeniedException"):
    stub.add_client_error(operation, code, "no", 400)


def endpoint_goes(stub):
    status(stub, "InService")
    stub.add_response("delete_endpoint", {}, {"EndpointName": "e"})
    status(stub, "Deleting", "Deleting")
    missing(stub, "describe_endpoint")


def rest_goes(stub):
    stub.add_response("delete_endpoint_config", {}, {"EndpointConfigName": "c"})
    stub.add_response("delete_model", {}, {"ModelName": "m"})


def test_all_in_order_when_the_endpoint_is_gone(cleanup):
    cleaner, stub = cleanup
    endpoint_goes(stub)
    rest_goes(stub)
    cleaner.deleteResources(ALL)


def test_what_has_no_name_is_not_asked_for(cleanup):
    cleaner, stub = cleanup
    cleaner.deleteResources(CreatedResources())
    stub.add_response("delete_model", {}, {"ModelName": "m"})
    cleaner.deleteResources(CreatedResources(model_name="m"))


def test_what_is_not_there_counts_as_deleted(cleanup):
    cleaner, stub = cleanup
    for operation in ("describe_endpoint", "delete_endpoint_config", "delete_model"):
        missing(stub, operation)
    cleaner.deleteResources(ALL)


def test_endpoint_that_goes_between_look_and_deletion(cleanup):
    cleaner, stub = cleanup
    status(stub, "Failed")
    missing(stub, "delete_endpoint")
    missing(stub, "describe_endpoint")
    cleaner.deleteEndpoint("e")


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ThrottlingException", "ValidationException", "InternalFailure"]
)
def test_other_refusals_do_not_count_as_deleted_and_stop_nothing(cleanup, code):
    cleaner, stub = cleanup
    endpoint_goes(stub)
    refused(stub, "delete_endpoint_config", code)
    stub.add_response("delete_model", {}, {"ModelName": "m"})
    with pytest.raises(CleanupError, match=f"still there: endpoint config 'c'.*\n.*{code}") as caught:
        cleaner.deleteResources(ALL)
    assert caught.value.createdResources == CreatedResources(endpoint_config_name="c")
    assert isinstance(caught.value.__cause__, ServiceError)


def test_everything_refused(cleanup):
    cleaner, stub = cleanup
    for operation in ("describe_endpoint", "delete_endpoint_config", "delete_model"):
        refused(stub, operation)
    with pytest.raises(CleanupError) as caught:
        cleaner.deleteResources(ALL)
    assert caught.value.createdResources == ALL
    assert isinstance(caught.value.__cause__, AccessError)


def test_endpoint_in_the_making_is_waited_for(cleanup, clock):
    cleaner, stub = cleanup
    status(stub, "Creating", "Creating")
    endpoint_goes(stub)
    cleaner.deleteEndpoint("e")
    assert len(clock.pauses) == 4


def test_endpoint_that_is_going_already_is_only_waited_for(cleanup):
    cleaner, stub = cleanup
    status(stub, "Deleting", "Deleting")
    missing(stub, "describe_endpoint")
    cleaner.deleteEndpoint("e")


def test_passing_errors_while_waiting(cleanup):
    cleaner, stub = cleanup
    status(stub, "InService")
    stub.add_response("delete_endpoint", {})
    refused(stub, "describe_endpoint", "ThrottlingException")
    missing(stub, "describe_endpoint")
    cleaner.deleteEndpoint("e")


def test_endpoint_that_stays(sagemaker, clock):
    session, stub = sagemaker
    pace = clock.pace(timeout_seconds=3.0, poll_seconds=2.0)
    cleaner = SageMakerResourceCleanup(session.client("sagemaker"), pace=pace)
    status(stub, "InService")
    stub.add_response("delete_endpoint", {})
    status(stub, "Deleting", "Deleting", "Deleting")
    rest_goes(stub)
    with pytest.raises(CleanupError, match="'e' could not be deleted: not over after 3 s") as caught:
        cleaner.deleteResources(ALL)
    assert caught.value.createdResources == CreatedResources(endpoint_name="e")


def test_one_at_a_time(cleanup):
    cleaner, stub = cleanup
    rest_goes(stub)
    cleaner.deleteEndpointConfig("c")
    cleaner.deleteModel("m")
    refused(stub, "delete_model")
    with pytest.raises(AccessError, match="Model 'm'"):
        cleaner.deleteModel("m")


def test_attributes(sagemaker):
    client = sagemaker[0].client("sagemaker")
    assert SageMakerResourceCleanup(client).sagemakerClient is client
    assert SageMakerResourceCleanup(sagemakerClient=client)._pace is CLEANUP_PACE
