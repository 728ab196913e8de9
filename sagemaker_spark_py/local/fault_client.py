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


class FaultClient:
    """A bad day on request: refused, slow or cut-off calls, to see how a pipeline takes it.

    Examples
    --------
    ::

        aws.faults.add(service="s3", operation="PutObject", status=403, code="AccessDenied", times=2)
        aws.faults.add(service="sagemaker-runtime", latency_seconds=2.0)
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
        message: str = "A fault that was asked for.",
        latency_seconds: float = 0.0,
        drop: bool = False,
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
            The error as the service would give it.
        latency_seconds : float
            Wait before the answer.
        drop : bool
            Close the connection without an answer.

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
        }
        self._call("POST", rule)

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
