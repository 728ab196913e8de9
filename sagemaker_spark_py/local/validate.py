"""Checks a request against every constraint of botocore's model, in AWS's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from sagemaker_spark_py.local.errors import invalid

# Regular expressions of the models are Java's. These are the parts that Python has not: Unicode
# categories are widened to "any printable character beyond ASCII", which never refuses a valid name.
_BEYOND_ASCII = "\\u00a1-\\U0010ffff"
_JAVA_TO_PYTHON = {
    r"\p{L}": r"\w",
    r"\p{N}": r"\w",
    r"\p{Z}": r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{M}": _BEYOND_ASCII,
    r"\p{S}": rf"$+<=>^`|~{_BEYOND_ASCII}",
    r"\p{P}": rf"!-#%-*,-/:;?@\[-\]_{{}}{_BEYOND_ASCII}",
    r"\p{Alnum}": "A-Za-z0-9",
    r"\p{Print}": r"\x20-\x7e",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010ffff",
    r"\z": r"\Z",
    "${1,128}": "$",
    "${1,256}": "$",
}


def check(shape: Any, parameters: Mapping[str, Any], also_required: Sequence[str] = ()) -> None:
    """Refuse parameters that break the model's constraints, listing every violation.

    Parameters
    ----------
    shape : botocore StructureShape
        The operation's input.
    parameters : mapping
        What the request says.
    also_required : sequence of str
        Members that the service requires although the model does not say so.

    Raises
    ------
    AwsError
        ValidationException, worded ``1 validation error detected: Value 'x' at 'y' failed to satisfy
        constraint: …``.
    """
    missing = [name for name in also_required if name not in shape.required_members]
    violations = [_null(_lower(name)) for name in missing if parameters.get(name) is None]
    violations += _structure(shape, parameters, "")
    if violations:
        errors = "error" if len(violations) == 1 else "errors"
        raise invalid(f"{len(violations)} validation {errors} detected: {'; '.join(violations)}")


@cache
def python_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a Java regular expression of a service model."""
    for java, python in _JAVA_TO_PYTHON.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _null(_below(path, name))
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], _below(path, name))


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, path)
        return
    for constraint in _constraints(shape, value):
        yield _worded(value, path, constraint)
    if shape.type_name == "list":
        yield from _list(shape, value, path)
    elif shape.type_name == "map":
        yield from _map(shape, value, path)


def _list(shape: Any, value: Sequence[Any], path: str) -> Iterator[str]:
    if shape.member.type_name in ("structure", "list", "map"):
        for number, item in enumerate(value, start=1):
            yield from _violations(shape.member, item, f"{path}.{number}.member")
    elif any(_broken(shape.member, item) for item in value):
        yield _worded(value, path, f"Member must satisfy constraint: [{_all_rules(shape.member)}]")


def _map(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    if any(_broken(shape.key, key) for key in value):
        yield _worded(value, path, f"Map keys must satisfy constraint: [{_all_rules(shape.key)}]")
    if shape.value.type_name in ("structure", "list", "map"):
        for key, item in value.items():
            yield from _violations(shape.value, item, f"{path}.{key}.member")
    elif any(_broken(shape.value, item) for item in value.values()):
        yield _worded(value, path, f"Map value must satisfy constraint: [{_all_rules(shape.value)}]")


def _broken(shape: Any, value: Any) -> bool:
    return next(_constraints(shape, value), None) is not None


def _constraints(shape: Any, value: Any) -> Iterator[str]:
    """Yield the rules of `shape` that `value` itself breaks."""
    rules = shape.metadata
    measure, size = _measured(shape, value)
    if "min" in rules and size < rules["min"]:
        yield f"Member must have {measure} greater than or equal to {rules['min']}"
    if "max" in rules and size > rules["max"]:
        yield f"Member must have {measure} less than or equal to {rules['max']}"
    if "pattern" in rules and not python_pattern(rules["pattern"]).fullmatch(value):
        yield _pattern_rule(rules["pattern"])
    if getattr(shape, "enum", None) and value not in shape.enum and not _is_local(shape, value):
        yield _enum_rule(shape.enum)


def _is_local(shape: Any, value: Any) -> bool:
    """Tell whether it is the one instance type that only this SageMaker has."""
    return bool(value == "local" and shape.name.endswith("InstanceType"))


def _measured(shape: Any, value: Any) -> tuple[str, float]:
    if shape.type_name in ("integer", "long", "float", "double"):
        return "value", value
    return "length", len(value) if hasattr(value, "__len__") else 0


def _all_rules(shape: Any) -> str:
    """Word every rule of a list's member or a map's key or value, as AWS does whichever is broken."""
    rules = shape.metadata
    words = []
    if "max" in rules:
        words.append(f"Member must have length less than or equal to {rules['max']}")
    if "min" in rules:
        words.append(f"Member must have length greater than or equal to {rules['min']}")
    if "pattern" in rules:
        words.append(_pattern_rule(rules["pattern"]))
    if getattr(shape, "enum", None):
        words.append(_enum_rule(shape.enum))
    return ", ".join(words)


def _pattern_rule(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _enum_rule(values: Sequence[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _worded(value: Any, path: str, constraint: str) -> str:
    return f"Value '{_shown(value)}' at '{path}' failed to satisfy constraint: {constraint}"


def _null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return str(value)


def _below(path: str, name: str) -> str:
    return f"{path}.{_lower(name)}" if path else _lower(name)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
