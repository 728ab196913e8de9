"""Endpoints: how they come into service, fail, are replaced and go away."""

import json
import os

import pytest
from botocore.exceptions import ClientError

from .jobs import (
    ECHO_IMAGE,
    QUICK,
    ROLE,
    archive,
    create_endpoint,
    create_model,
    delete_endpoint,
    settle,
    unique,
    variant,
)


def ask(runtime, name, body=b"x", **more):
    return json.load(runtime.invoke_endpoint(EndpointName=name, Body=body, **more)["Body"])


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_an_endpoint_serves_its_model_until_it_is_deleted(sm, s3, runtime, bucket):
    model = create_model(sm, s3, bucket, environment={"COLOUR": "blue"}, body=archive(weights="1"))
    name = create_endpoint(sm, variant(model))
    sm.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=QUICK)
    said = ask(runtime, name)
    assert said["model"] == ["weights"]
    assert said["environment"]["COLOUR"] == "blue"
    endpoint = sm.describe_endpoint(EndpointName=name)
    assert endpoint["EndpointConfigName"] == name
    [served] = endpoint["ProductionVariants"]
    assert (served["VariantName"], served["CurrentInstanceCount"]) == ("AllTraffic", 1)
    assert served["DeployedImages"][0]["SpecifiedImage"] == ECHO_IMAGE
    delete_endpoint(sm, name)
    assert not alive(said["pid"])
    with pytest.raises(ClientError, match=r'ValidationException.*Could not find endpoint "arn:aws:sagemaker'):
        sm.describe_endpoint(EndpointName=name)


def test_every_instance_is_a_process_and_takes_its_turn(sm, s3, runtime, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket), count=2))
    assert settle(sm, name)["EndpointStatus"] == "InService"
    pids = [ask(runtime, name)["pid"] for _ in range(4)]
    assert len(set(pids)) == 2
    assert pids[:2] == pids[2:]
    delete_endpoint(sm, name)


def test_variants_share_the_calls_unless_one_is_wanted(sm, s3, runtime, bucket):
    model = create_model(sm, s3, bucket)
    shares = [variant(model, "A", InitialVariantWeight=1.0), variant(model, "B", InitialVariantWeight=0.0)]
    name = create_endpoint(sm, *shares)
    settle(sm, name)
    assert runtime.invoke_endpoint(EndpointName=name, Body=b"x")["InvokedProductionVariant"] == "A"
    wanted = runtime.invoke_endpoint(EndpointName=name, Body=b"x", TargetVariant="B")
    assert wanted["InvokedProductionVariant"] == "B"
    with pytest.raises(runtime.exceptions.ValidationError, match=r"Variant C not found"):
        runtime.invoke_endpoint(EndpointName=name, Body=b"x", TargetVariant="C")
    delete_endpoint(sm, name)


def test_the_containers_output_goes_to_cloudwatch_logs(sm, s3, runtime, logs, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    delete_endpoint(sm, name)
    group = f"/aws/sagemaker/Endpoints/{name}"
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("AllTraffic/i-")
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    assert "GET /ping HTTP/1.1" in [event["message"] for event in events]


@pytest.mark.parametrize("trouble", ["SICK", "FALLS_OVER"])
def test_a_container_that_does_not_get_well_fails_the_endpoint(sm, s3, bucket, trouble):
    model = create_model(sm, s3, bucket, environment={trouble: "1"})
    name = create_endpoint(sm, variant(model, ContainerStartupHealthCheckTimeoutInSeconds=60))
    if trouble == "SICK":
        with pytest.raises(ClientError, match=r"Cannot update in-progress endpoint"):
            sm.delete_endpoint(EndpointName=name)
        return
    endpoint = settle(sm, name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in endpoint["FailureReason"]
    delete_endpoint(sm, name)


@pytest.mark.parametrize("body", [b"no archive", archive(a="1")[:40]], ids=["not gzip", "cut short"])
def test_model_data_that_is_no_archive_fails_the_endpoint(sm, s3, bucket, body):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket, body=body)))
    endpoint = settle(sm, name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert endpoint["FailureReason"].startswith("Failed to download model data for container")


def test_an_archive_cannot_write_outside_the_model_folder(sm, s3, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket, body=archive(**{"../../escaped": "1"}))))
    endpoint = settle(sm, name)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "escaped" in endpoint["FailureReason"]


def test_an_update_replaces_the_instances(sm, s3, runtime, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    old = ask(runtime, name)["pid"]
    config = unique("config")
    fresh = variant(create_model(sm, s3, bucket, environment={"COLOUR": "red"}))
    sm.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[fresh])
    sm.update_endpoint(EndpointName=name, EndpointConfigName=config)
    assert settle(sm, name)["EndpointConfigName"] == config
    said = ask(runtime, name)
    assert said["environment"]["COLOUR"] == "red"
    assert said["pid"] != old
    delete_endpoint(sm, name)
    assert not alive(old)


def test_an_update_that_fails_leaves_the_old_instances_in_service(sm, s3, runtime, bucket):
    name = create_endpoint(sm, variant(create_model(sm, s3, bucket)))
    settle(sm, name)
    config = unique("config")
    broken = variant(create_model(sm, s3, bucket, environment={"FALLS_OVER": "1"}))
    sm.create_endpoint_config(EndpointConfigName=config, ProductionVariants=[broken])
    sm.update_endpoint(EndpointName=name, EndpointConfigName=config)
    endpoint = settle(sm, name)
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", name)
    assert "ping health check" in endpoint["FailureReason"]
    assert ask(runtime, name)["model"] == ["weights"]
    delete_endpoint(sm, name)


def test_names_are_given_once(sm, s3, bucket):
    model = create_model(sm, s3, bucket)
    with pytest.raises(ClientError, match=r"Cannot create already existing model"):
        sm.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": ECHO_IMAGE})
    name = create_endpoint(sm, variant(model))
    with pytest.raises(ClientError, match=r"Cannot create already existing endpoint configuration"):
        sm.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(model)])
    with pytest.raises(ClientError, match=r'Cannot create already existing endpoint "arn'):
        sm.create_endpoint(EndpointName=name, EndpointConfigName=name)
    settle(sm, name)
    delete_endpoint(sm, name)


def test_what_is_missing_is_named(sm, bucket):
    missing = unique("missing")
    calls = [
        (sm.describe_model, {"ModelName": missing}, "Could not find model"),
        (sm.delete_model, {"ModelName": missing}, "Could not find model"),
        (
            sm.describe_endpoint_config,
            {"EndpointConfigName": missing},
            "Could not find endpoint configuration",
        ),
        (sm.delete_endpoint_config, {"EndpointConfigName": missing}, "Could not find endpoint configuration"),
        (sm.delete_endpoint, {"EndpointName": missing}, "Could not find endpoint"),
        (
            sm.create_endpoint,
            {"EndpointName": missing, "EndpointConfigName": missing},
            "Could not find endpoint configuration",
        ),
        (
            sm.create_endpoint_config,
            {"EndpointConfigName": missing, "ProductionVariants": [variant(missing)]},
            "Could not find model",
        ),
    ]
    for call, arguments, text in calls:
        with pytest.raises(ClientError, match=rf"ValidationException.*{text}"):
            call(**arguments)


def test_a_model_needs_its_data_and_a_known_image(sm, bucket):
    container = {"Image": ECHO_IMAGE, "ModelDataUrl": f"s3://{bucket}/none/model.tar.gz"}
    with pytest.raises(ClientError, match=r"Could not find model data at s3://.*/none/model.tar.gz"):
        sm.create_model(ModelName=unique("m"), ExecutionRoleArn=ROLE, PrimaryContainer=container)
    with pytest.raises(ClientError, match=r"Cannot find repository: strange"):
        sm.create_model(ModelName=unique("m"), ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "strange:1"})


def test_lists_of_what_hosting_needs(sm, s3, bucket):
    model = create_model(sm, s3, bucket)
    name = create_endpoint(sm, variant(model))
    settle(sm, name)
    assert [it["ModelName"] for it in sm.list_models(NameContains=model)["Models"]] == [model]
    configs = sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"]
    assert [it["EndpointConfigName"] for it in configs] == [name]
    served = sm.list_endpoints(NameContains=name, StatusEquals="InService")["Endpoints"]
    assert [it["EndpointName"] for it in served] == [name]
    delete_endpoint(sm, name)
    sm.delete_endpoint_config(EndpointConfigName=name)
    sm.delete_model(ModelName=model)
    assert sm.list_models(NameContains=model)["Models"] == []
    assert sm.list_endpoint_configs(NameContains=name)["EndpointConfigs"] == []
