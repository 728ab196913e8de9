"""The one door of the local AWS: every request of every service comes in here.

Faults first, then the S3 rules that the library lacks; SageMaker and its runtime are answered by this
package, everything else (S3, STS, CloudWatch Logs, …) by moto.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from sagemaker_spark_py.local import (
    async_runtime,
    endpoints,
    identity,
    models,
    protocol,
    runtime,
    s3_guard,
    tags,
    training_jobs,
    transform_jobs,
)
from sagemaker_spark_py.local.answers import Answer, respond
from sagemaker_spark_py.local.calls import Call
from sagemaker_spark_py.local.cloud import Cloud
from sagemaker_spark_py.local.errors import AwsError, for_service
from sagemaker_spark_py.local.fault_client import PATH as FAULTS_PATH
from sagemaker_spark_py.local.faults import Faults
from sagemaker_spark_py.local.incoming import INVOCATIONS, Incoming
from sagemaker_spark_py.local.validate import check

logger = logging.getLogger(__name__)

OPERATIONS = {
    **training_jobs.OPERATIONS,
    **transform_jobs.OPERATIONS,
    **models.OPERATIONS,
    **endpoints.OPERATIONS,
    **tags.OPERATIONS,
}
READING = ("Describe", "List")  # not worth a line in the log


class Application:
    """The WSGI application.

    Parameters
    ----------
    cloud : Cloud
    region : str
        For requests that are not signed for a region.
    """

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._cloud = cloud
        self._region = region
        self._faults = Faults()
        self._others = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        request = Incoming(environ)
        try:
            answer = self._answer(request)
        except AwsError as error:
            logger.info("%s %s: %s %s", request.service, request.operation, error.code, error.message)
            answer = for_service(request.service, error)
        if answer is None:
            return self._others(environ, start_response)  # type: ignore[no-any-return]
        return respond(answer, start_response)

    def _answer(self, request: Incoming) -> Answer | None:
        """Answer what is ours; None: the library answers."""
        if request.path == FAULTS_PATH:
            return self._faults.administer(request)
        return self._faults.meet(request, self._serve)

    def _serve(self, request: Incoming) -> Answer | None:
        """Answer as the service does."""
        service = request.service
        if service == "sagemaker":
            return self._control(request)
        if service == "sagemaker-runtime":
            return self._invoke(request)
        if service == "sts":
            return identity.caller(request)
        if service == "s3":
            s3_guard.check(request)
        return None

    def _control(self, request: Incoming) -> Answer:
        """Answer an operation of SageMaker's control plane."""
        name = request.operation
        model = protocol.operation_model("sagemaker", name)
        if model is None:
            raise AwsError("UnknownOperationException", f"SageMaker has no operation {name}.", 404)
        operation = OPERATIONS.get(name)
        if operation is None:
            raise AwsError("NotImplemented", f"The local SageMaker does not offer {name}.", 501)
        parameters = protocol.parse(model, request.body(), request.headers, {})
        check(model.input_shape, parameters, operation.also_required)
        region = self._cloud.region(request.account, request.region or self._region)
        result = operation.answer(Call(self._cloud, region, parameters))
        if not name.startswith(READING):
            logger.info("%s %s", name, next(iter(parameters.values()), ""))
        return protocol.render(model, result)

    def _invoke(self, request: Incoming) -> Answer:
        """Answer an operation of SageMaker's runtime."""
        found = INVOCATIONS.fullmatch(request.path)
        if found is None or found["what"] not in ("invocations", "async-invocations"):
            raise AwsError("NotImplemented", f"The local SageMaker does not offer {request.operation}.", 501)
        body = request.body(runtime.MAX_BODY_BYTES)
        region = self._cloud.region(request.account, request.region or self._region)
        if found["what"] == "async-invocations":
            return async_runtime.invoke(self._cloud, region, found["name"], request.headers, body)
        return runtime.invoke(region, found["name"], request.headers, body)
