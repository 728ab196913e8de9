"""What a request is: its service, operation, caller; found without reading its body where possible."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl

from moto.iam.models import get_account_id_from
from werkzeug.datastructures import EnvironHeaders

from sagemaker_spark_py.local.cloud import INTERNAL_USER_AGENT
from sagemaker_spark_py.local.protocol import RestRoutes

INVOCATIONS = re.compile(
    r"/endpoints/(?P<name>[^/]+)/(?P<what>invocations|invocations-response-stream|async-invocations)"
)
# Operations are named by X-Amz-Target in JSON services, by the Action in the body of query services, and by
# method and path in REST services.
REST_SERVICES = ("s3", "sagemaker-runtime")
TARGETS = {"SageMaker": "sagemaker", "Logs_20140328": "logs"}
MAX_FORM_BYTES = 1024 * 1024


class Incoming:
    """One HTTP request."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")
        self.headers = cast("Mapping[str, str]", EnvironHeaders(environ))
        self._scope = _credential_scope(environ)

    @property
    def internal(self) -> bool:
        """Whether the server itself sent it, working on a job or an endpoint."""
        return self.headers.get("User-Agent", "").startswith(INTERNAL_USER_AGENT)

    @property
    def region(self) -> str:
        """The region it was signed for; ``""`` if it is not signed."""
        return self._scope["region"]

    @property
    def key(self) -> str:
        """The access key it was signed with; ``""`` if it is not signed."""
        return self._scope["key"]

    @property
    def account(self) -> str:
        """The caller's account."""
        return str(get_account_id_from(self._scope["key"]))

    @property
    def service(self) -> str:
        """The service by boto3's client name; ``s3`` where nothing tells otherwise."""
        target = self.headers.get("X-Amz-Target", "").partition(".")[0]
        if target in TARGETS:
            return TARGETS[target]
        if self._scope["service"] == "sagemaker":
            return "sagemaker-runtime"
        if not self._scope["service"] and self.method == "POST" and INVOCATIONS.fullmatch(self.path):
            return "sagemaker-runtime"
        return self._scope["service"] or "s3"

    @property
    def operation(self) -> str:
        """The operation's name as in botocore's models; ``""`` if it cannot be told."""
        service = self.service
        if service in REST_SERVICES:
            query = dict(parse_qsl(self.environ.get("QUERY_STRING", ""), keep_blank_values=True))
            lower = {name.lower(): value for name, value in self.headers.items()}
            return _routes(service).match(self.method, self.path, query, lower)
        target = self.headers.get("X-Amz-Target", "").partition(".")[2]
        return target or self._action()

    def body(self, limit_bytes: int | None = None) -> bytes:
        """Read the body and put it back for whoever reads next; at most one byte more than the limit."""
        stream = self.environ["wsgi.input"]
        data: bytes = stream.read() if limit_bytes is None else _read(stream, limit_bytes + 1)
        if limit_bytes is None or len(data) <= limit_bytes:
            self.environ["wsgi.input"] = io.BytesIO(data)
            self.environ["wsgi.input_terminated"] = True
        return data

    def _action(self) -> str:
        """Read the Action of a query service's form."""
        form = parse_qs(self.body(MAX_FORM_BYTES).decode("utf-8", "replace"))
        return form.get("Action", [""])[0]


@cache
def _routes(service: str) -> RestRoutes:
    return RestRoutes(service)


def _read(stream: Any, size: int) -> bytes:
    """Read up to `size` bytes from a stream that may give less at a time."""
    data = bytearray()
    while len(data) < size:
        chunk = stream.read(size - len(data))
        if not chunk:
            break
        data += chunk
    return bytes(data)


def _credential_scope(environ: Mapping[str, Any]) -> dict[str, str]:
    """Return key, region and service that a signature names, in the header or the query."""
    text = environ.get("HTTP_AUTHORIZATION", "")
    found = re.search(r"Credential=([^,\s]+)", text)
    given = found.group(1) if found else _query_credential(environ.get("QUERY_STRING", ""))
    parts = given.split("/")
    if len(parts) < 5:
        return {"key": parts[0], "region": "", "service": ""}
    key, _, region, service = "/".join(parts[:-4]), parts[-4], parts[-3], parts[-2]
    return {"key": key, "region": region, "service": service}


def _query_credential(query: str) -> str:
    if "X-Amz-Credential" not in query:
        return ""
    return parse_qs(query).get("X-Amz-Credential", [""])[0]
