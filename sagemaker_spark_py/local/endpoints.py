"""The operations on endpoints."""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.local.calls import Call, Operation
from sagemaker_spark_py.local.errors import invalid
from sagemaker_spark_py.local.hosting import Endpoint
from sagemaker_spark_py.local.listing import page
from sagemaker_spark_py.local.models import find_config, find_model


def create(call: Call) -> dict[str, Any]:
    """CreateEndpoint: register, and start its instances in a thread."""
    name = call.parameters["EndpointName"]
    config = find_config(call, call.parameters["EndpointConfigName"])
    with call.region.lock:
        if name in call.region.endpoints:
            raise invalid(f'Cannot create already existing endpoint "{call.region.arn("endpoint", name)}".')
        endpoint = Endpoint(call.region, call.cloud, name, config, _models(call, config))
        call.region.endpoints[name] = endpoint
        call.keep_tags(endpoint.arn)
    call.cloud.in_background(f"endpoint {name}", endpoint.bring_up)
    return {"EndpointArn": endpoint.arn}


def describe(call: Call) -> dict[str, Any]:
    """DescribeEndpoint."""
    return _find(call).describe()


def update(call: Call) -> dict[str, Any]:
    """UpdateEndpoint: the present instances serve until the new ones do."""
    endpoint = _find(call)
    config = find_config(call, call.parameters["EndpointConfigName"])
    models = _models(call, config)
    with call.region.lock:
        if endpoint.status != "InService":
            raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        endpoint.begin("Updating")
    call.cloud.in_background(f"endpoint {endpoint.name}", lambda: endpoint.update(config, models))
    return {"EndpointArn": endpoint.arn}


def delete(call: Call) -> dict[str, Any]:
    """DeleteEndpoint: its processes are ended in a thread; model and configuration stay."""
    endpoint = _find(call)
    with call.region.lock:
        if endpoint.status in ("Creating", "Updating", "Deleting"):
            raise invalid(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        endpoint.begin("Deleting")
    call.region.tags.pop(endpoint.arn, None)
    call.cloud.in_background(f"endpoint {endpoint.name}", endpoint.take_down)
    return {}


def list_all(call: Call) -> dict[str, Any]:
    """ListEndpoints."""
    with call.region.lock:
        summaries = [endpoint.summary() for endpoint in call.region.endpoints.values()]
    found, token = page(summaries, call.parameters, name="EndpointName", status="EndpointStatus")
    return {"Endpoints": found, **token}


def _find(call: Call) -> Endpoint:
    name = call.parameters["EndpointName"]
    endpoint = call.region.endpoints.get(name)
    if endpoint is None:
        raise invalid(f'Could not find endpoint "{call.region.arn("endpoint", name)}".')
    return endpoint  # type: ignore[no-any-return]


def _models(call: Call, config: dict[str, Any]) -> dict[str, Any]:
    names = [variant["ModelName"] for variant in config["ProductionVariants"]]
    return {name: find_model(call, name) for name in names}


OPERATIONS = {
    "CreateEndpoint": Operation(create),
    "DescribeEndpoint": Operation(describe),
    "UpdateEndpoint": Operation(update),
    "DeleteEndpoint": Operation(delete),
    "ListEndpoints": Operation(list_all),
}
