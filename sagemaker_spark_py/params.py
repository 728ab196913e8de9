"""Hyperparameters as Spark Params: what a value may be, how it is kept and how SageMaker is told.

A class declares each hyperparameter once; the accessors take their names from the assignment::

    class Example(HasHyperparameters):
        k = hyperparameter("k", integer(at_least=2), "Number of clusters.", required=True)
        setK, getK = accessors(k)

The Param is a plain `pyspark.ml.param.Param`. Its ``typeConverter`` is a `Conversion`, so a value is checked
wherever pyspark lets one in: setters, ``copy(extra)``, ``fit(df, params)``, parameter grids.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, overload

from pyspark.ml.param import Param, Params

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.rules import Rule

if TYPE_CHECKING:
    from typing_extensions import Self

Given = TypeVar("Given")
Got = TypeVar("Got")
Given_contra = TypeVar("Given_contra", contravariant=True)
Got_co = TypeVar("Got_co", covariant=True)
Owner = TypeVar("Owner")
Owner_co = TypeVar("Owner_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:

    class Hyperparameter(Param[Any], Generic[Given, Got]):
        """What type checkers see of `hyperparameter`: a Param that knows its setter's and getter's types."""

    class BoundSetter(Protocol[Given_contra, Owner_co]):
        """A setter of one estimator."""

        def __call__(self, value: Given_contra) -> Owner_co:
            """Set the value and return the estimator."""

    class Setter(Protocol[Given_contra]):
        """A setter as it stands in a class."""

        def __get__(self, owner: Owner, kind: type | None = ...) -> BoundSetter[Given_contra, Owner]: ...

    class Getter(Protocol[Got_co]):
        """A getter as it stands in a class."""

        def __get__(self, owner: object, kind: type | None = ...) -> Callable[[], Got_co]: ...


@dataclass(frozen=True)
class Checked:
    """A ``typeConverter`` that checks a value by a rule.

    Parameters
    ----------
    name : str
        The Param's name, for messages.
    rule : Rule
        What setters take.
    """

    name: str
    rule: Rule[Any, Any]

    def __call__(self, value: Any) -> Any:
        """Return the value as it is kept.

        Raises
        ------
        SettingError
            If the value is not allowed.
        TypeError
            If it is of a type that can never be allowed.
        """
        return self._apply(self.rule, value, "cannot be used")

    def _apply(self, rule: Rule[Any, Any], value: Any, verdict: str) -> Any:
        try:
            return rule.convert(value)
        except TypeError:
            found = f"{value!r} ({type(value).__name__})"
            raise TypeError(f"{self.name} has the wrong type: {found}; expected {rule.expected}.") from None
        except (ValueError, OverflowError):
            # The rule's own error has no text: it only says that the value is not allowed.
            raise SettingError(f"{self.name} {verdict}: {value!r}; expected {rule.expected}.") from None


@dataclass(frozen=True)
class Conversion(Checked):
    """The ``typeConverter`` of a hyperparameter.

    Parameters
    ----------
    name, rule
        See `Checked`.
    wire : str
        The hyperparameter's name in the request.
    required : bool
        Whether training cannot start without it.
    default : Any
        The Spark default, `None` for none; without one nothing is sent and SageMaker's own default holds.
    service : Rule, optional
        What the algorithm takes, where that is less than what the setter takes.
    """

    wire: str = ""
    required: bool = False
    default: Any = None
    service: Rule[Any, Any] | None = None

    def encode(self, kept: Any) -> str:
        """Return the text that stands for a kept value in the request.

        Raises
        ------
        SettingError
            If the algorithm would refuse the value.
        """
        rule = self.service or self.rule
        return rule.encode(self._apply(rule, kept, "would be refused by SageMaker"))


@overload
def hyperparameter(
    name: str, rule: Rule[Given, Got], doc: str, *, default: Any, wire: str | None = ..., required: bool = ...
) -> Hyperparameter[Given, Got]: ...
@overload
def hyperparameter(
    name: str,
    rule: Rule[Given, Got],
    doc: str,
    *,
    wire: str | None = ...,
    required: bool = ...,
    service: Rule[Any, Any] | None = ...,
) -> Hyperparameter[Given, Got | None]: ...
def hyperparameter(
    name: str,
    rule: Rule[Any, Any],
    doc: str,
    *,
    default: Any = None,
    wire: str | None = None,
    required: bool = False,
    service: Rule[Any, Any] | None = None,
) -> Any:
    """Declare a hyperparameter as a Spark Param; assign it to a class attribute of the same name.

    Parameters
    ----------
    name : str
        Name of the Param and of the attribute.
    rule : Rule
        What the setter takes, how it is kept and sent.
    doc : str
        Its meaning; what the rule expects is appended.
    default : Any, optional
        The Spark default, as the setter takes it. It is sent.
    wire : str, optional
        Its name in the request where that is another one (``lambda``).
    required : bool
        Whether training cannot start without it.
    service : Rule, optional
        What the algorithm takes, where the setter has to take more; checked before anything is sent.

    Returns
    -------
    pyspark.ml.param.Param
        A Param without a parent; pyspark copies it to each instance.
    """
    conversion = Conversion(name, rule, wire or name, required, default, service)
    words = f"{doc} Takes {(service or rule).expected}." + (" Required." if required else "")
    # The parent's uid "undefined" marks a Param that instances copy.
    return Param(Params._dummy(), name, words, typeConverter=conversion)


def sets(name: str) -> Callable[[F], F]:
    """Mark a method as the setter of the hyperparameter `name`, so that messages can point to it."""

    def mark(method: F) -> F:
        method.sets = name  # type: ignore[attr-defined]
        return method

    return mark


class _Accessor:
    """Stands in a class body until it knows its name, then puts a real method in its place."""

    def __init__(self, method: Callable[..., Any], doc: str) -> None:
        self.method = method
        self.doc = doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.method.__name__ = name
        self.method.__qualname__ = f"{owner.__qualname__}.{name}"
        self.method.__module__ = owner.__module__
        self.method.__doc__ = self.doc
        setattr(owner, name, self.method)


def accessors(param: Hyperparameter[Given, Got]) -> tuple[Setter[Given], Getter[Got]]:
    """Return the setter and the getter of a hyperparameter, to be assigned in the same class body.

    The setter returns the estimator, so calls chain. The getter returns the value that is set, else the
    Spark default, else `None`, which means that SageMaker's own default holds.
    """
    name = param.name

    @sets(name)
    def setter(self: HasParams, value: Any) -> HasParams:
        return self._set_checked(name, value)

    def getter(self: HasParams) -> Any:
        return self._get_checked(name)

    pair = _Accessor(setter, f"Set {name}: {param.doc}"), _Accessor(getter, f"Return {name}: {param.doc}")
    return cast("tuple[Setter[Given], Getter[Got]]", pair)


class HasParams(Params):
    """Base of classes whose Params are set and read through `accessors`."""

    def _set_checked(self, name: str, value: Any) -> Self:
        # Params._set() keeps None unchecked, and Params.set() hides the kind of the error.
        converted = self.getParam(name).typeConverter(value)
        return self._set(**{name: converted})

    def _get_checked(self, name: str) -> Any:
        param = self.getParam(name)
        if not self.isDefined(param):
            return None
        return cast(Checked, param.typeConverter).rule.read(self.getOrDefault(param))

    def _setter_of(self, name: str) -> str:
        kind = type(self)
        return next(a for a in dir(kind) if getattr(getattr(kind, a, None), "sets", None) == name)


class HasHyperparameters(HasParams):
    """Base of classes whose Params are hyperparameters."""

    def __init__(self) -> None:
        super().__init__()
        defaults = {p.name: c.default for p, c in self._hyperparameters() if c.default is not None}
        self._setDefault(**defaults)

    def wire_hyperparameters(self, given: Collection[str] = ()) -> dict[str, str]:
        """Return what is sent: the hyperparameters that are set or have a Spark default, as texts.

        Parameters
        ----------
        given : collection of str
            Names, as sent, of hyperparameters that come from elsewhere; their Spark defaults are left out.

        Raises
        ------
        SettingError
            If the algorithm would refuse a value.
        """
        sent = {
            param: conversion
            for param, conversion in self._hyperparameters()
            if self.isSet(param) or (self.hasDefault(param) and conversion.wire not in given)
        }
        return {c.wire: c.encode(self.getOrDefault(p)) for p, c in sent.items()}

    def check_hyperparameters(self, given: Collection[str] = ()) -> None:
        """Refuse to go on when required hyperparameters are missing.

        Parameters
        ----------
        given : collection of str
            Names, as sent, of hyperparameters that come from elsewhere.

        Raises
        ------
        SettingError
            Naming all that are missing and their setters.
        """
        required = [getattr(self, name) for name in self._required_hyperparameters()]
        absent = [p for p in required if not self.isDefined(p) and p.typeConverter.wire not in given]
        if absent:
            setters = ", ".join(f"{self._setter_of(p.name)}(...)" for p in absent)
            names = ", ".join(p.name for p in absent)
            raise SettingError(
                f"{type(self).__name__} lacks required hyperparameters: {names}; expected a value for each. "
                f"Call {setters}."
            )

    def _required_hyperparameters(self) -> list[str]:
        """Return the names of the Params that must have a value, given what else is set."""
        return [p.name for p, c in self._hyperparameters() if c.required]

    def _hyperparameters(self) -> Iterator[tuple[Param[Any], Conversion]]:
        for param in self.params:
            if isinstance(param.typeConverter, Conversion):
                yield param, param.typeConverter
