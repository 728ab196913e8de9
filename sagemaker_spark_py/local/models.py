"""The operations on models and endpoint configurations."""

from __future__ import annotations

from typing import Any

from sagemaker_spark_py.local import store
from sagemaker_spark_py.local.calls import Call, Operation
from sagemaker_spark_py.local.cloud import now
from sagemaker_spark_py.local.errors import invalid
from sagemaker_spark_py.local.listing import page

INSTANCE_SIZING = ("InstanceType", "InitialInstanceCount")


def create_model(call: Call) -> dict[str, Any]:
    """CreateModel: the image must be known and the model data must be there."""
    request = call.parameters
    name = request["ModelName"]
    arn = call.region.arn("model", name)
    container = container_of(request)
    _check_container(call, container, request.get("ExecutionRoleArn", ""))
    with call.region.lock:
        if name in call.region.models:
            raise invalid(f'Cannot create already existing model "{arn}".')
        call.region.models[name] = {
            "EnableNetworkIsolation": False,
            **request,
            "ModelArn": arn,
            "CreationTime": now(),
        }
        call.keep_tags(arn)
    return {"ModelArn": arn}


def container_of(model: dict[str, Any]) -> dict[str, Any]:
    """Return the one container of a model's request or description."""
    containers = model.get("Containers") or [model.get("PrimaryContainer")]
    if containers == [None]:
        raise invalid("Either PrimaryContainer or Containers must be given.")
    if len(containers) > 1:
        raise invalid("The local SageMaker does not run inference pipelines: give one container.")
    return containers[0]  # type: ignore[no-any-return]


def _check_container(call: Call, container: dict[str, Any], role: str) -> None:
    image = container.get("Image")
    if not image:
        raise invalid("The container must have an Image; the local SageMaker has no model packages.")
    if not call.cloud.images.supports(image, container.get("Environment", {})):
        raise call.cloud.images.missing(image, role)
    uri = model_data_uri(container)
    if container.get("Mode") == "MultiModel":
        if not uri.startswith("s3://"):
            raise invalid("ModelDataUrl must be the S3 prefix of the models where Mode is MultiModel.")
        return  # models may be put there at any time
    if uri and not store.exists(call.cloud.client("s3", call.region.name), uri):
        raise invalid(f"Could not find model data at {uri}.")


def model_data_uri(container: dict[str, Any]) -> str:
    """Return where a container's model.tar.gz is, ``""`` where it has none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source is None:
        return container.get("ModelDataUrl", "")  # type: ignore[no-any-return]
    if source.get("CompressionType") != "Gzip":
        raise invalid("The local SageMaker reads ModelDataSource with CompressionType Gzip only.")
    return source["S3Uri"]  # type: ignore[no-any-return]


def describe_model(call: Call) -> dict[str, Any]:
    """DescribeModel."""
    return find_model(call, call.parameters["ModelName"])


def find_model(call: Call, name: str) -> dict[str, Any]:
    """Return a model, or raise as SageMaker does where there is none."""
    model = call.region.models.get(name)
    if model is None:
        raise invalid(f'Could not find model "{call.region.arn("model", name)}".')
    return model


def delete_model(call: Call) -> dict[str, Any]:
    """DeleteModel: the entry only; artifacts and endpoints stay."""
    model = find_model(call, call.parameters["ModelName"])
    del call.region.models[model["ModelName"]]
    call.region.tags.pop(model["ModelArn"], None)
    return {}


def list_models(call: Call) -> dict[str, Any]:
    """ListModels."""
    found, token = page(list(call.region.models.values()), call.parameters, name="ModelName")
    return {"Models": found, **token}


def create_config(call: Call) -> dict[str, Any]:
    """CreateEndpointConfig: every variant's model must exist."""
    request = call.parameters
    name = request["EndpointConfigName"]
    arn = call.region.arn("endpoint-config", name)
    for number, variant in enumerate(request["ProductionVariants"], start=1):
        _check_variant(call, variant, number)
        if "AsyncInferenceConfig" in request and "ServerlessConfig" in variant:
            raise invalid("Serverless endpoints cannot be asynchronous.")
    with call.region.lock:
        if name in call.region.endpoint_configs:
            raise invalid(f'Cannot create already existing endpoint configuration "{arn}".')
        call.region.endpoint_configs[name] = {**request, "EndpointConfigArn": arn, "CreationTime": now()}
        call.keep_tags(arn)
    return {"EndpointConfigArn": arn}


def _check_variant(call: Call, variant: dict[str, Any], number: int) -> None:
    if "ModelName" not in variant:
        raise invalid(f"ProductionVariant {number} must have a ModelName.")
    find_model(call, variant["ModelName"])
    if "ServerlessConfig" not in variant and any(member not in variant for member in INSTANCE_SIZING):
        raise invalid(
            f"ProductionVariant {number} must have InstanceType and InitialInstanceCount, "
            "or a ServerlessConfig."
        )
    if "ServerlessConfig" in variant:
        _check_serverless(variant, number)


def _check_serverless(variant: dict[str, Any], number: int) -> None:
    given = [member for member in INSTANCE_SIZING if member in variant]
    if given:
        raise invalid(f"ProductionVariant {number} has a ServerlessConfig and {' and '.join(given)}.")
    size = variant["ServerlessConfig"]["MemorySizeInMB"]
    if size % 1024:
        raise invalid(
            f"Memory size {size} of ProductionVariant {number} is not one of 1024, 2048, 3072, 4096, 5120, "
            "6144."
        )


def describe_config(call: Call) -> dict[str, Any]:
    """DescribeEndpointConfig."""
    return find_config(call, call.parameters["EndpointConfigName"])


def find_config(call: Call, name: str) -> dict[str, Any]:
    """Return an endpoint configuration, or raise as SageMaker does where there is none."""
    config = call.region.endpoint_configs.get(name)
    if config is None:
        raise invalid(f'Could not find endpoint configuration "{call.region.arn("endpoint-config", name)}".')
    return config


def delete_config(call: Call) -> dict[str, Any]:
    """DeleteEndpointConfig: the entry only; endpoints made from it go on."""
    config = find_config(call, call.parameters["EndpointConfigName"])
    del call.region.endpoint_configs[config["EndpointConfigName"]]
    call.region.tags.pop(config["EndpointConfigArn"], None)
    return {}


def list_configs(call: Call) -> dict[str, Any]:
    """ListEndpointConfigs."""
    configs = list(call.region.endpoint_configs.values())
    found, token = page(configs, call.parameters, name="EndpointConfigName")
    return {"EndpointConfigs": found, **token}


OPERATIONS = {
    "CreateModel": Operation(create_model),
    "DescribeModel": Operation(describe_model),
    "DeleteModel": Operation(delete_model),
    "ListModels": Operation(list_models),
    "CreateEndpointConfig": Operation(create_config),
    "DescribeEndpointConfig": Operation(describe_config),
    "DeleteEndpointConfig": Operation(delete_config),
    "ListEndpointConfigs": Operation(list_configs),
}
