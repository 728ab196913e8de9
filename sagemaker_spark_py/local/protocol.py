"""From HTTP to Python values and back, for any operation of botocore's service models."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from sagemaker_spark_py.local.answers import Answer
from sagemaker_spark_py.local.errors import AwsError


def operation_model(service: str, operation: str) -> Any:
    """Return botocore's model of an operation, or None if `service` has no such operation."""
    service_model = get_service_model(service)
    if operation not in service_model.operation_names:
        return None
    return service_model.operation_model(operation)


def parse(model: Any, body: bytes, headers: Mapping[str, str], path_values: Mapping[str, str]) -> Any:
    """Turn a request into the operation's parameters.

    Raises
    ------
    AwsError
        SerializationException where the body is not JSON or a member has the wrong kind of value.
    """
    protocol = model.service_model.protocol
    if protocol == "json":
        _check_json_object(body)
    parser = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_moment)
    request: Any = {"body": body, "headers": headers, "url_params": path_values, "values": {}}
    try:
        return parser.parse(request)
    except (ValueError, TypeError, AttributeError) as error:
        raise AwsError(
            "SerializationException", f"a member has a value of the wrong kind: {error}"
        ) from error


def render(model: Any, result: Mapping[str, Any]) -> Answer:
    """Turn an operation's result into its answer."""
    service = model.service_model
    serialized = get_serializer_class(service.service_name, service.protocol)(model).serialize(result)
    body = serialized["body"]
    headers = {name: str(value) for name, value in serialized["headers"].items()}
    return Answer(serialized["status_code"], headers, body.encode() if isinstance(body, str) else body)


def _check_json_object(body: bytes) -> None:
    try:
        value = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise AwsError("SerializationException", "the body is not a JSON object")


def _moment(value: Any) -> datetime:
    return parse_timestamp(value).astimezone(timezone.utc)


class RestRoutes:
    """Finds which operation of a REST service a request is, by path, query and headers.

    Several operations share method and path (PutObject, CopyObject, UploadPart); the one that names
    most of the request's query keys and headers is meant.
    """

    def __init__(self, service: str) -> None:
        model = get_service_model(service)
        self._routes = [_Route(name, model.operation_model(name)) for name in model.operation_names]

    def match(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> str:
        """Return the operation's name, or ``""`` if none fits."""
        fitting = [route for route in self._routes if route.fits(method, path, query, headers)]
        return max(fitting, key=lambda route: route.weight).name if fitting else ""


class _Route:
    """What a request must have to be one operation."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self.method = model.http["method"]
        path, _, query = model.http["requestUri"].partition("?")
        self._path = re.compile(_path_pattern(path))
        pairs = [part.partition("=") for part in query.split("&") if part]
        self._query = {key: value for key, _, value in pairs}
        self._headers: list[str] = []
        members = model.input_shape.members if model.input_shape else {}
        for member in model.input_shape.required_members if model.input_shape else ():
            self._require(members[member].serialization)
        self.weight = len(self._query) + len(self._headers)

    def _require(self, binding: Mapping[str, str]) -> None:
        if binding.get("location") == "querystring":
            self._query.setdefault(binding["name"], "")
        elif binding.get("location") == "header":
            self._headers.append(binding["name"].lower())

    def fits(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return (
            method == self.method
            and self._path.fullmatch(path) is not None
            and all(key in query and value in ("", query[key]) for key, value in self._query.items())
            and all(name in headers for name in self._headers)
        )


def _path_pattern(template: str) -> str:
    """Turn ``/{Bucket}/{Key+}`` into a regular expression; a closing slash does not matter."""
    pattern = re.sub(r"\\\{\w+\\\+\\\}", ".+", re.escape(template))
    return re.sub(r"\\\{\w+\\\}", "[^/]+", pattern).rstrip("/") + "/?"
