"""Requests checked against AWS's own model of SageMaker, as installed with boto3, before anything is sent.

boto3 itself checks names, types, required members and lower bounds; patterns, enumerations and upper bounds
it leaves to the service, which answers only when the data has been uploaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

from botocore.loaders import create_loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from sagemaker_spark_py.errors import SettingError

_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": "a-zA-Z0-9"}
"""Java's names of character classes in the model's patterns, and what Python has that is not narrower."""
_SHOWN = 5
_INSTANCE_TYPE = "InstanceType"
LOCAL = "local"
"""Instance type of jobs and endpoints on a local SageMaker; AWS itself would refuse it."""


def validated(operation: str, request: dict[str, Any], service: str = "sagemaker") -> dict[str, Any]:
    """Return the request if AWS's model of the service allows it.

    Parameters
    ----------
    operation : str
        For example ``"CreateTrainingJob"``.
    request : dict
        The operation's parameters.
    service : str
        boto3's client name.

    Raises
    ------
    SettingError
        Naming each member that is wrong.
    """
    shape: Any = _model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    problems = [report.generate_report()] if report.has_errors() else list(_problems(request, shape, ""))
    if problems:
        raise SettingError(f"{operation} would be refused: " + " ".join(problems))
    return request


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(create_loader().load_service_model(service, "service-2"))


def _problems(value: Any, shape: Any, path: str) -> Iterator[str]:
    """Yield what is wrong with a value whose types are right."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from _problems(member, shape.members[name], f"{path}.{name}" if path else name)
    elif shape.type_name == "list":
        yield from _too_many(value, shape, path)
        for index, member in enumerate(value):
            yield from _problems(member, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        yield from _too_many(value, shape, path)
        for key, member in value.items():
            yield from _problems(key, shape.key, f"{path} key {key!r}")
            yield from _problems(member, shape.value, f"{path}[{key!r}]")
    elif shape.type_name == "string":
        yield from _text_problems(value, shape, path)
    elif shape.type_name != "blob":
        yield from _too_large(value, shape, path)


def _too_many(value: Any, shape: Any, path: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield f"{path} has too many entries: {len(value)}; expected at most {most}."


def _too_large(value: Any, shape: Any, path: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and value > most:
        yield f"{path} is too large: {value!r}; expected at most {most}."


def _text_problems(text: str, shape: Any, path: str) -> Iterator[str]:
    most, pattern = shape.metadata.get("max"), shape.metadata.get("pattern")
    if most is not None and len(text) > most:
        # Never the text itself: an environment variable may hold a secret.
        yield f"{path} is too long: {len(text)} characters; expected at most {most}."
    elif (
        shape.enum and text not in shape.enum and not (text == LOCAL and shape.name.endswith(_INSTANCE_TYPE))
    ):
        near = get_close_matches(text, shape.enum, n=_SHOWN, cutoff=0) or shape.enum
        yield (
            f"{path} is not known: {text!r}; expected one of {len(shape.enum)} values such as "
            f"{', '.join(near)}. Upgrade boto3 if AWS has the value since lately."
        )
    elif pattern and not _compiled(pattern).fullmatch(text):
        yield f"{path} has the wrong form: {text!r}; expected text like the pattern {pattern}."


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern of the model; one that Python cannot read allows all, as the service checks too."""
    for java, python in _CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return re.compile(".*", re.DOTALL)
