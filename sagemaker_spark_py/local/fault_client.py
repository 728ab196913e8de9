"""Faults as a user of `LocalSageMaker` sets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from sagemaker_spark_py.errors import SettingError

if TYPE_CHECKING:
    from sagemaker_spark_py.local.local_sagemaker import LocalSageMaker

PATH = "/_local/faults"  # no bucket's name begins with an underscore

_MESSAGE = "A fault that was asked for."
_CODES = {
    400: "ThrottlingException",
    403: "ExpiredTokenException",
    413: "413",
    424: "ModelError",
    429: "ThrottlingException",
    503: "ServiceUnavailable",
    530: "InternalDependencyException",
}


class FaultClient:
    """A bad day on request: refused, slow or cut-off calls, to see how a pipeline takes it.

    Examples
    --------
    ::

        aws.faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied", times=2)
        aws.faults.invoke(status=503, times=2)  # the next two requests to any endpoint
        aws.faults.invoke(status=429, above_in_flight=4)  # throttled while four others are under way
        aws.faults.invoke(probability=0.05, drop=True)  # one of twenty is cut off
        aws.faults.invoke(original_status=400, containing="oops")  # the model refuses rows with this text
        aws.faults.clear()
    """

    def __init__(self, server: LocalSageMaker) -> None:
        self._server = server

    def add(
        self,
        service: str,
        operation: str = "",
        *,
        times: int | None = None,
        status: int | None = None,
        code: str = "InternalFailure",
        message: str | None = _MESSAGE,
        latency_seconds: float = 0.0,
        drop: bool = False,
        **more: Any,
    ) -> None:
        """Let calls fail; of several rules that fit, the first added one is met until it is used up.

        Parameters
        ----------
        service : str
            boto3's client name: ``s3``, ``sts``, ``sagemaker``, ``sagemaker-runtime`` or ``logs``.
        operation : str
            For example ``"PutObject"``; all of the service by default.
        times : int, optional
            How many calls; all by default.
        status : int, optional
            HTTP status of the error; without it the call goes through after `latency_seconds`.
        code, message : str
            The error as the service would give it; SageMaker's throttling has no message at times.
        latency_seconds : float
            Wait before the answer.
        drop : bool
            Close the connection without an answer.
        **more
            ``original_status``, ``spoil``, ``above_in_flight``, ``containing`` and ``probability``, as for
            `invoke`.

        Raises
        ------
        SettingError
            Where the rule makes no sense to the server.
        """
        rule = {
            "service": service,
            "operation": operation,
            "times": times,
            "status": status,
            "code": code,
            "message": message,
            "latency_seconds": latency_seconds,
            "drop": drop,
            **more,
        }
        self._call("POST", rule)

    def invoke(
        self,
        *,
        status: int | None = None,
        original_status: int | None = None,
        code: str | None = None,
        message: str | None = None,
        times: int | None = None,
        latency_seconds: float = 0.0,
        drop: bool = False,
        spoil: str = "",
        expired: bool = False,
        above_in_flight: int | None = None,
        containing: str | bytes = "",
        probability: float = 1.0,
    ) -> None:
        """Give endpoints a bad day: what happens to requests to any of them.

        Parameters
        ----------
        status : int, optional
            HTTP status of the error. Without `code`, 400 and 429 are throttled, 403 is an expired token, 413
            too large, 424 a ModelError, 503 ServiceUnavailable, 530 InternalDependencyException, all others
            InternalFailure.
        original_status : int, optional
            A ModelError (424) that says what the container answered; 0: it did not answer in time.
        code, message : str, optional
            The error as the service would give it. A throttled request has no message unless given.
        times : int, optional
            How many requests; all by default.
        latency_seconds : float
            Wait before the answer.
        drop : bool
            Close the connection without an answer.
        spoil : str
            The model answers, and then ``"short"`` takes the last row off the answer, ``"garbage"`` replaces
            it with something unreadable, ``"empty"`` with nothing.
        expired : bool
            The credentials have expired (403, ExpiredTokenException).
        above_in_flight : int, optional
            Only requests that come while so many others are under way.
        containing : str or bytes
            Only requests with these bytes in their body.
        probability : float
            Only this share of the requests, at random.

        Raises
        ------
        SettingError
            Where the rule makes no sense to the server.
        """
        status = 403 if expired else 424 if original_status is not None else status
        original = 500 if status == 424 and original_status is None else original_status
        self.add(
            "sagemaker-runtime",
            "InvokeEndpoint",
            times=times,
            status=status,
            code=code or _CODES.get(status or 0, "InternalFailure"),
            message=message or (None if status in (400, 429) and code is None else _MESSAGE),
            latency_seconds=latency_seconds,
            drop=drop,
            original_status=original,
            spoil=spoil,
            above_in_flight=above_in_flight,
            containing=containing if isinstance(containing, str) else containing.decode("latin-1"),
            probability=probability,
        )

    def rules(self) -> list[dict[str, Any]]:
        """Return the rules in force, each with ``met``: how many calls it has met."""
        return self._call("GET")["rules"]  # type: ignore[no-any-return]

    def clear(self) -> None:
        """Remove all rules."""
        self._call("DELETE")

    def _call(self, method: str, rule: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if rule is None else json.dumps(rule).encode()
        request = Request(self._server.url + PATH, data=data, method=method)
        try:
            with build_opener(ProxyHandler({})).open(request) as answer:
                return json.load(answer)  # type: ignore[no-any-return]
        except HTTPError as error:
            raise SettingError(f"the fault was refused: {json.load(error)['message']}") from error
