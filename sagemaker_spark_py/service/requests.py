"""The requests that SageMaker gets, built from plain values without asking anybody.

Each builder takes `extra`, a part of a request that is merged into the whole, so that anything AWS's API
knows can be said: mappings are merged key by key, lists of mappings element by element, everything else
replaces what was there, and ``None`` takes it away. Each result is checked by `validated`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.validation import validated

Request = dict[str, Any]
Extra = Mapping[str, Any]

VARIANT = "AllRequests"
"""The one production variant of an endpoint that this library makes."""


def channel(
    name: str,
    uri: str,
    *,
    s3_data_type: str = "S3Prefix",
    distribution: str = "FullyReplicated",
    content_type: str | None = None,
    compression: str | None = None,
    input_mode: str | None = None,
) -> Request:
    """Return one input channel of a training job.

    Parameters
    ----------
    name : str
        Name of the channel, for example ``"train"``.
    uri : str
        S3 URI of a manifest, or of a prefix, which should end with ``/``.
    s3_data_type : str
        ``"S3Prefix"`` or ``"ManifestFile"``.
    distribution : str
        ``"FullyReplicated"`` or ``"ShardedByS3Key"``.
    content_type, compression, input_mode : str, optional
        Left out of the request if `None`.
    """
    source = {"S3DataType": s3_data_type, "S3Uri": uri, "S3DataDistributionType": distribution}
    optional = {"ContentType": content_type, "CompressionType": compression, "InputMode": input_mode}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **_given(optional)}


def training_job(
    *,
    name: str,
    image: str,
    role: str,
    channels: Sequence[Request],
    output_uri: str,
    instance_type: str,
    instance_count: int,
    volume_gb: int,
    max_runtime_seconds: int | None,
    input_mode: str = "File",
    hyperparameters: Mapping[str, Any] | None = None,
    kms_key_id: str | None = None,
    extra: Extra | None = None,
) -> Request:
    """Return the parameters of CreateTrainingJob.

    Parameters
    ----------
    name, image, role, output_uri : str
        Job name, training image, role ARN, S3 URI below which the model goes.
    channels : sequence of dict
        From `channel`. They are read in `input_mode`: ``"File"``, ``"Pipe"`` or ``"FastFile"``.
    instance_type, instance_count, volume_gb, max_runtime_seconds
        The instances, the GB of storage of each, and the seconds after which the job is stopped, if any.
    hyperparameters : mapping, optional
        Values other than text are turned into it by `as_text`.
    kms_key_id : str, optional
        Encrypts the model in S3.
    extra : mapping, optional
        Merged into the request; see the module.

    Raises
    ------
    SettingError
        If AWS's model refuses the request; names the member.
    """
    texts = {key: as_text(key, value) for key, value in (hyperparameters or {}).items()}
    request: Request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": input_mode},
        "RoleArn": role,
        "InputDataConfig": list(channels),
        "OutputDataConfig": {"S3OutputPath": output_uri, **_given({"KmsKeyId": kms_key_id})},
        "ResourceConfig": _instances(instance_type, instance_count, volume_gb),
        "StoppingCondition": _given({"MaxRuntimeInSeconds": max_runtime_seconds}),
        **_given({"HyperParameters": texts or None}),
    }
    return validated("CreateTrainingJob", merged(request, extra))


def model(
    *,
    name: str,
    image: str,
    model_data_uri: str,
    role: str,
    environment: Mapping[str, str] | None = None,
    extra: Extra | None = None,
) -> Request:
    """Return the parameters of CreateModel.

    Parameters
    ----------
    name, image, role : str
        Model name, hosting image, role ARN.
    model_data_uri : str
        S3 URI of a ``model.tar.gz``.
    environment : mapping, optional
        Environment variables of the container.
    extra : mapping, optional
        Merged into the request; see the module.

    Raises
    ------
    SettingError
        If AWS's model refuses the request; names the member.
    """
    container = {
        "ContainerHostname": name,
        "Image": image,
        "ModelDataUrl": model_data_uri,
        "Environment": dict(environment or {}),
    }
    request = {"ModelName": name, "PrimaryContainer": container, "ExecutionRoleArn": role}
    return validated("CreateModel", merged(request, extra))


def endpoint_config(
    *,
    name: str,
    model_name: str,
    instance_type: str | None = None,
    instance_count: int | None = None,
    serverless: Extra | None = None,
    asynchronous: Extra | None = None,
    extra: Extra | None = None,
) -> Request:
    """Return the parameters of CreateEndpointConfig with one production variant.

    Parameters
    ----------
    name, model_name : str
        Name of the configuration and of its model.
    instance_type, instance_count
        The instances; `None` for a serverless endpoint.
    serverless : mapping, optional
        The variant's ServerlessConfig.
    asynchronous : mapping, optional
        The AsyncInferenceConfig.
    extra : mapping, optional
        Merged into the request; see the module.

    Raises
    ------
    SettingError
        If AWS's model refuses the request; names the member.
    """
    variant = {
        "VariantName": VARIANT,
        "ModelName": model_name,
        **_given({"InstanceType": instance_type, "InitialInstanceCount": instance_count}),
        **_given({"ServerlessConfig": serverless}),
    }
    request = {
        "EndpointConfigName": name,
        "ProductionVariants": [variant],
        **_given({"AsyncInferenceConfig": asynchronous}),
    }
    return validated("CreateEndpointConfig", merged(request, extra))


def endpoint(*, name: str, config_name: str, extra: Extra | None = None) -> Request:
    """Return the parameters of CreateEndpoint.

    Raises
    ------
    SettingError
        If AWS's model refuses the request; names the member.
    """
    request = {"EndpointName": name, "EndpointConfigName": config_name}
    return validated("CreateEndpoint", merged(request, extra))


def transform_input(
    uri: str,
    *,
    s3_data_type: str = "S3Prefix",
    content_type: str | None = None,
    compression: str | None = None,
    split_type: str | None = None,
) -> Request:
    """Return the input of a transform job.

    Parameters
    ----------
    uri : str
        S3 URI of a manifest, or of a prefix, which should end with ``/``.
    s3_data_type : str
        ``"S3Prefix"`` or ``"ManifestFile"``.
    content_type, compression, split_type : str, optional
        Left out of the request if `None`.
    """
    source = {"S3DataSource": {"S3DataType": s3_data_type, "S3Uri": uri}}
    optional = {"ContentType": content_type, "CompressionType": compression, "SplitType": split_type}
    return {"DataSource": source, **_given(optional)}


def transform_output(
    uri: str, *, accept: str | None = None, assemble_with: str | None = None, kms_key_id: str | None = None
) -> Request:
    """Return the output of a transform job below an S3 URI; what is `None` is left out."""
    optional = {"Accept": accept, "AssembleWith": assemble_with, "KmsKeyId": kms_key_id}
    return {"S3OutputPath": uri, **_given(optional)}


def transform_job(
    *,
    name: str,
    source: Request,
    target: Request,
    instance_type: str,
    instance_count: int,
    extra: Extra | None = None,
    **optional: Any,
) -> Request:
    """Return the parameters of CreateTransformJob.

    Parameters
    ----------
    name : str
        Of the job and of the SageMaker model, which is made for it.
    source, target : dict
        From `transform_input` and `transform_output`.
    instance_type, instance_count
        The instances.
    extra : mapping, optional
        Merged into the request; see the module.
    **optional
        Further members of the request under AWS's names; left out of it if `None` or empty.

    Raises
    ------
    SettingError
        If AWS's model refuses the request; names the member.
    """
    request: Request = {
        "TransformJobName": name,
        "ModelName": name,
        "TransformInput": source,
        "TransformOutput": target,
        "TransformResources": {"InstanceType": instance_type, "InstanceCount": instance_count},
        **{member: value for member, value in optional.items() if value not in (None, {})},
    }
    return validated("CreateTransformJob", merged(request, extra))


def as_text(name: str, value: Any) -> str:
    """Return a hyperparameter's value as the text that SageMaker wants; lists and dicts become JSON."""
    if value is None:
        raise SettingError(f"Hyperparameter {name!r} has no value: None; expected one. Leave it out.")
    if not isinstance(value, (list, tuple, Mapping)):
        return str(value)
    try:
        return json.dumps(value)
    except TypeError as error:
        raise SettingError(f"Hyperparameter {name!r} cannot be written as JSON: {error}.") from error


def merged(base: Any, extra: Any) -> Any:
    """Return `base` with `extra` merged into it; neither is changed. See the module for the rules."""
    if isinstance(extra, Mapping):
        old = base if isinstance(base, Mapping) else {}
        changed = {key: merged(old.get(key), value) for key, value in extra.items() if value is not None}
        return {**{key: value for key, value in old.items() if key not in extra}, **changed}
    if _is_list_of_mappings(base) and _is_list_of_mappings(extra):
        return [merged(old, new) for old, new in zip_longest(base, extra)]
    return base if extra is None else extra


def _instances(kind: str, count: int, volume_gb: int) -> Request:
    return {"InstanceType": kind, "InstanceCount": count, "VolumeSizeInGB": volume_gb}


def _is_list_of_mappings(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(entry, Mapping) for entry in value)


def _given(members: Mapping[str, Any]) -> Request:
    return {key: value for key, value in members.items() if value is not None}
