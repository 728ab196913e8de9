"""InvokeEndpointAsync: requests and answers as objects in S3, worked off by threads of the endpoint.

Facts: the API reference of InvokeEndpointAsync and the developer guide's "Asynchronous inference".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local import protocol, runtime, store
from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.cloud import Cloud, Region
from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.hosting import Endpoint
from sagemaker_spark_py.local.validate import check

logger = logging.getLogger(__name__)

MAX_INPUT_BYTES = 1024 * 1024 * 1024
MAX_INLINE_BYTES = 128_000
DEFAULT_TIMEOUT_SECONDS = 900
DEFAULT_TTL_SECONDS = 21_600
ASYNC_PREFIX = "X-Amzn-SageMaker-"  # before Content-Type and Accept, which are the container's here


class Request(NamedTuple):
    """One request that waits for its turn."""

    parameters: Mapping[str, Any]
    headers: dict[str, str]
    inline: bytes
    output: str
    failure: str
    arrived: float


def invoke(cloud: Cloud, region: Region, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Answer InvokeEndpointAsync: queue the request, and say where its answer will be.

    Raises
    ------
    AwsError
        ValidationError: an unknown or synchronous endpoint, a wrong member, no input or two.
    """
    model = protocol.operation_model("sagemaker-runtime", "InvokeEndpointAsync")
    parameters = protocol.parse(model, body, headers, {"EndpointName": name})
    try:
        check(model.input_shape, {**parameters, "Body": b""})
    except AwsError as error:
        raise AwsError("ValidationError", error.message) from error
    endpoint = runtime.serving(region, name)
    _check(endpoint, parameters, body)
    request = _request(endpoint, parameters, headers, body)
    cloud.in_background(f"request to {name}", lambda: _work(cloud, region, endpoint, request))
    result = {"InferenceId": parameters.get("InferenceId") or str(uuid4())}
    places = {"OutputLocation": request.output, "FailureLocation": request.failure}
    answer = protocol.render(model, {**result, **{key: uri for key, uri in places.items() if uri}})
    return answer._replace(status=202)


def _check(endpoint: Endpoint, parameters: Mapping[str, Any], body: bytes) -> None:
    if "AsyncInferenceConfig" not in endpoint.config:
        raise AwsError(
            "ValidationError", f"Endpoint {endpoint.name} is not an asynchronous inference endpoint."
        )
    if bool(parameters.get("InputLocation")) == bool(body):
        raise AwsError("ValidationError", "Exactly one of InputLocation and Body must be given.")
    if len(body) > MAX_INLINE_BYTES:
        raise AwsError("ValidationError", f"Body has {len(body)} bytes, more than {MAX_INLINE_BYTES}.")


def _request(
    endpoint: Endpoint, parameters: Mapping[str, Any], headers: Mapping[str, str], body: bytes
) -> Request:
    output = endpoint.config["AsyncInferenceConfig"]["OutputConfig"]
    own = uuid4()
    passed = {
        h: headers[h] for h in runtime.TO_CONTAINER if h in headers and h not in ("Content-Type", "Accept")
    }
    passed.update(
        {h: headers[ASYNC_PREFIX + h] for h in ("Content-Type", "Accept") if ASYNC_PREFIX + h in headers}
    )
    places = {key: output[key].rstrip("/") for key in ("S3OutputPath", "S3FailurePath") if key in output}
    return Request(
        parameters,
        passed,
        body,
        f"{places['S3OutputPath']}/{own}.out" if "S3OutputPath" in places else "",
        f"{places['S3FailurePath']}/{own}-error.out" if "S3FailurePath" in places else "",
        time.monotonic(),
    )


def _work(cloud: Cloud, region: Region, endpoint: Endpoint, request: Request) -> None:
    """Bring one request to the model when it is its turn; the body of a thread."""
    s3 = cloud.client("s3", region.name)
    try:
        with endpoint.async_turns:
            answer = _answer(s3, region, endpoint, request)
        _write(s3, endpoint, request.output, answer.body, answer.headers)
    except AwsError as error:
        logger.info("endpoint %s: an asynchronous request failed: %s", endpoint.name, error.message)
        _write(s3, endpoint, request.failure, f"{error.code}: {error.message}".encode(), {})
    except (BotoCoreError, ClientError) as error:
        logger.warning("endpoint %s: an answer could not be written: %s", endpoint.name, error)


def _answer(s3: Any, region: Region, endpoint: Endpoint, request: Request) -> Answer:
    ttl_seconds = request.parameters.get("RequestTTLSeconds", DEFAULT_TTL_SECONDS)
    if time.monotonic() - request.arrived > ttl_seconds:
        raise AwsError("RequestExpired", f"The request has waited for more than {ttl_seconds} s.")
    body = request.inline or _input(s3, request.parameters["InputLocation"])
    timeout_seconds = request.parameters.get("InvocationTimeoutSeconds", DEFAULT_TIMEOUT_SECONDS)
    variant = runtime.choose(endpoint, "")
    return runtime.ask(region, variant, request.headers, body, timeout_seconds, MAX_INPUT_BYTES)


def _input(s3: Any, uri: str) -> bytes:
    bucket, key = store.split_uri(uri)
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > MAX_INPUT_BYTES:
            raise AwsError("ValidationError", f"{uri} has more than {MAX_INPUT_BYTES} bytes.")
        return bytes(found["Body"].read())
    except (BotoCoreError, ClientError) as error:
        raise AwsError("ValidationError", f"Unable to read {uri}: {error}") from error


def _write(s3: Any, endpoint: Endpoint, uri: str, body: bytes, headers: Mapping[str, str]) -> None:
    if not uri:
        return
    bucket, key = store.split_uri(uri)
    kms = endpoint.config["AsyncInferenceConfig"]["OutputConfig"].get("KmsKeyId")
    settings = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
    if "Content-Type" in headers:
        settings["ContentType"] = headers["Content-Type"]
    s3.put_object(Bucket=bucket, Key=key, Body=body, **settings)
