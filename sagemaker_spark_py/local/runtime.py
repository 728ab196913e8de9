"""InvokeEndpoint: from SDK to serving container and back.

Facts: the InvokeEndpoint API reference; wording of errors as SDK users report them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping

import urllib3

from sagemaker_spark_py.local import multi_model, protocol
from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.cloud import Region
from sagemaker_spark_py.local.errors import AwsError
from sagemaker_spark_py.local.hosting import Endpoint, Variant
from sagemaker_spark_py.local.instances import ANSWER_SECONDS, Instance
from sagemaker_spark_py.local.multi_model import MultiModelInstance
from sagemaker_spark_py.local.validate import check

MAX_BODY_BYTES = 6_291_456  # requests and answers: BodyBlob in the runtime's service model
MAX_SERVERLESS_BYTES = 4 * 1024 * 1024
SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack")
# Headers of the API that reach the container, and those that come back from it.
TO_CONTAINER = (
    "Content-Type",
    "Accept",
    "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-Target-Model",
    "X-Amzn-SageMaker-Target-Variant",
    "X-Amzn-SageMaker-Target-Container-Hostname",
    "X-Amzn-SageMaker-Inference-Id",
    "X-Amzn-SageMaker-Enable-Explanations",
    "X-Amzn-SageMaker-Inference-Component",
    "X-Amzn-SageMaker-Session-Id",
)
FROM_CONTAINER = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-New-Session-Id")
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def invoke(region: Region, name: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Answer InvokeEndpoint.

    Raises
    ------
    AwsError
        ValidationError (unknown endpoint, bad header), 413 (too large), ModelError (what the container says).
    """
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    target = _checked(headers, name)
    endpoint = serving(region, name)
    if "AsyncInferenceConfig" in endpoint.config:
        raise AwsError("ValidationError", f"Endpoint {name} is asynchronous: use InvokeEndpointAsync.")
    variant = choose(endpoint, target)
    if multi_model.TARGET_HEADER in headers and not variant.several_models:
        text = f"Endpoint {name} is not a multi-model endpoint and does not support target model header."
        raise AwsError("ValidationError", text)
    passed = {header: headers[header] for header in TO_CONTAINER if header in headers}
    if "ServerlessConfig" in variant.settings:
        return _ask_serverless(region, variant, passed, body)
    return ask(region, variant, passed, body)


def serving(region: Region, name: str) -> Endpoint:
    """Return an endpoint that serves.

    Raises
    ------
    AwsError
        ValidationError where there is none.
    """
    endpoint: Endpoint | None = region.endpoints.get(name)
    if endpoint is None or endpoint.status not in SERVING:
        raise AwsError("ValidationError", f"Endpoint {name} of account {region.account} not found.")
    return endpoint


def _ask_serverless(region: Region, variant: Variant, headers: Mapping[str, str], body: bytes) -> Answer:
    """Ask a variant that takes small bodies, and so many at a time."""
    if len(body) > MAX_SERVERLESS_BYTES:
        raise AwsError("ValidationError", f"Request has oversize body: {len(body)} bytes.")
    if not variant.turns.acquire(blocking=False):
        raise AwsError("ThrottlingException", "Rate exceeded")
    try:
        return ask(region, variant, headers, body, most_bytes=MAX_SERVERLESS_BYTES)
    finally:
        variant.turns.release()


def too_large() -> AwsError:
    """Return the answer to a body above the limit, which comes before any JSON."""
    return AwsError("413", f"Request body exceeds {MAX_BODY_BYTES} bytes", 413)


def _checked(headers: Mapping[str, str], name: str) -> str:
    """Validate the headers; return the variant that the caller wants, ``""`` for any."""
    model = protocol.operation_model("sagemaker-runtime", "InvokeEndpoint")
    parameters = protocol.parse(model, b"-", headers, {"EndpointName": name})
    try:
        check(model.input_shape, parameters)
    except AwsError as error:
        raise AwsError("ValidationError", error.message) from error
    return str(parameters.get("TargetVariant", ""))


def choose(endpoint: Endpoint, target: str) -> Variant:
    """Pick the named variant, or one at random by weight."""
    if not target:
        weights = [variant.weight for variant in endpoint.variants]
        return random.choices(endpoint.variants, weights if any(weights) else None)[0]
    for variant in endpoint.variants:
        if variant.name == target:
            return variant
    raise AwsError("ValidationError", f"Variant {target} not found for endpoint {endpoint.name}.")


def ask(
    region: Region,
    variant: Variant,
    headers: Mapping[str, str],
    body: bytes,
    timeout_seconds: float = ANSWER_SECONDS,
    most_bytes: int = MAX_BODY_BYTES,
) -> Answer:
    """Bring a request to an instance of a variant, and its answer back.

    Raises
    ------
    AwsError
        ModelError, where the container fails, takes too long, or says too much.
    """
    instance = variant.next_instance()
    try:
        answer = instance.invoke(body, headers, timeout_seconds)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise _model_error(region, instance, 0, TIMED_OUT) from error
    except urllib3.exceptions.HTTPError as error:
        text = "The container closed the connection without an answer; see its log."
        raise _model_error(region, instance, 500, text) from error
    if not 200 <= answer.status < 300:
        raise _model_error(region, instance, answer.status, answer.data.decode("utf-8", "replace"))
    if len(answer.data) > most_bytes:
        text = f"The container's answer has {len(answer.data)} bytes, more than {most_bytes}."
        raise _model_error(region, instance, 500, text)
    given = {header: answer.headers[header] for header in FROM_CONTAINER if header in answer.headers}
    return Answer(200, {**given, "x-Amzn-Invoked-Production-Variant": variant.name}, answer.data)


def _model_error(region: Region, instance: Instance | MultiModelInstance, status: int, text: str) -> AwsError:
    kind = "client" if 400 <= status < 500 else "server"
    console = f"https://{region.name}.console.aws.amazon.com/cloudwatch/home?region={region.name}"
    message = (
        f'Received {kind} error ({status}) from primary with message "{text}". See '
        f"{console}#logEventViewer:group={instance.log_group} in account {region.account} for more "
        "information."
    )
    arn = f"arn:aws:logs:{region.name}:{region.account}:log-group:{instance.log_group}"
    members = {"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": arn}
    return AwsError("ModelError", message, 424, members)
