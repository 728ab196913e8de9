"""Declared constructor arguments: signature, defaults, checks, read-only attributes."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from sagemaker_spark_py.arguments import HasSettings, at_least, setting
from sagemaker_spark_py.errors import SettingError


class Example(HasSettings):
    """Has one argument of each kind."""

    _positional = "count codec"

    count: int = setting("Number of things.", check=at_least(1))
    codec: str | None = setting("Compression.", default=None)
    options: dict[str, str] = setting("Options.", factory=dict)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.uid = self._bind_settings(args, kwargs)


class Changed(Example):
    """Changes one default."""

    codec: str = setting(default="gzip")


def test_values_defaults_and_read_only() -> None:
    example = Example(3, options={"a": "b"})
    assert (example.count, example.codec, example.options) == (3, None, {"a": "b"})
    with pytest.raises(AttributeError):
        example.count = 4


def test_signature_keeps_order_kind_and_defaults() -> None:
    parameters = inspect.signature(Example).parameters
    assert list(parameters) == ["count", "codec", "options", "uid"]
    assert parameters["count"].default is inspect.Parameter.empty
    assert parameters["options"].kind is inspect.Parameter.KEYWORD_ONLY


def test_subclass_changes_a_default_and_keeps_place_and_documentation() -> None:
    assert Changed(1).codec == "gzip"
    assert list(inspect.signature(Changed).parameters) == list(inspect.signature(Example).parameters)
    assert Changed.codec.__doc__ == "Compression."
    assert Example(1).codec is None


def test_defaults_are_made_anew() -> None:
    assert Example(1).options is not Example(1).options
    given = {"a": "b"}
    example = Example(1, options=given)
    given["a"] = "changed"
    assert example.options == {"a": "b"}


@pytest.mark.parametrize(
    ("args", "kwargs", "error"),
    [
        ((), {}, TypeError),
        ((1, None, {}), {}, TypeError),
        ((1,), {"unknown": 2}, TypeError),
        ((0,), {}, SettingError),
        (("3",), {}, SettingError),
        ((True,), {}, SettingError),
        ((None,), {}, SettingError),
    ],
)
def test_wrong_arguments_are_refused(args: Any, kwargs: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"count|unknown|positional"):
        Example(*args, **kwargs)


class Either(HasSettings):
    _positional = "one two"
    one: int = setting("The one.", check=at_least(1), instead="other")
    two: str = setting("Always needed.")
    other: str | None = setting("Instead of the one.", default=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._bind_settings(args, kwargs)


def test_an_argument_that_another_one_replaces() -> None:
    assert Either(1, "x")._settings == {"one": 1, "two": "x", "other": None}
    assert Either(two="x", other="y")._settings == {"one": None, "two": "x", "other": "y"}
    assert Either(1, "x", other="y").one == 1  # whether that makes sense is for the class to say
    assert Either(None, "x", other="y").one is None
    with pytest.raises(TypeError, match="missing a required argument: 'one'"):
        Either(two="x")
    with pytest.raises(TypeError, match="missing a required argument: 'two'"):
        Either(other="y")
