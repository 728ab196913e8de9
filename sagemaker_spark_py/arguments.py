"""Declared constructor arguments: what the settings of estimators and models are made of.

A class that inherits from `HasSettings` declares its arguments as annotated class attributes::

    class Example(HasSettings):
        instanceCount: int = setting("Number of instances.", check=at_least(1))
        codec: str | None = setting("Compression of the data.", default=None)

and gets that signature, read-only attributes of the same names that return the values, and type checkers that
know both (PEP 681). A subclass may declare an argument again to change its default; without a text of its own
it keeps the inherited documentation and check, and always its place in the order.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from sagemaker_spark_py.errors import SettingError

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

else:

    def dataclass_transform(**_: Any) -> Callable[[type], type]:
        """Mean nothing at run time: only type checkers read the mark."""
        return lambda cls: cls


REQUIRED: Any = inspect.Parameter.empty
Check = Callable[[str, Any], None]


class Setting(property):
    """One read-only argument: documentation, default, check, and how a given value is stored."""

    def __init__(
        self,
        doc: str | None,
        default: Any,
        factory: Callable[[], Any] | None,
        check: Check | None,
        instead: str = "",
    ) -> None:
        super().__init__(lambda owner: owner._settings[self.name])
        self.__doc__ = doc
        self.name = ""
        self.default = default
        self.factory = factory
        self.check = check
        self.instead = instead

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        if self.__doc__ is None:
            inherited = next(
                vars(k)[name] for k in owner.__mro__[1:] if isinstance(vars(k).get(name), Setting)
            )
            self.__doc__, self.check = inherited.__doc__, inherited.check

    def value(self, given: Any) -> Any:
        """Return what is stored for a given argument; `None` means the default where that is made anew."""
        if given is None and self.factory is not None:
            return self.factory()
        if given is None and self.default is REQUIRED and not self.instead:
            raise SettingError(f"{self.name} is not given: None; expected: {self.__doc__}")
        if self.check is not None and given is not None:
            self.check(self.name, given)
        return dict(given) if isinstance(given, Mapping) else given


def setting(
    doc: str | None = None,
    *,
    default: Any = REQUIRED,
    factory: Callable[[], Any] | None = None,
    check: Check | None = None,
    instead: str = "",
) -> Any:
    """Declare a constructor argument.

    Parameters
    ----------
    doc : str, optional
        Its meaning, unit included; without it, documentation and check are inherited.
    default : Any, optional
        Its default; without one the argument is required.
    factory : callable, optional
        Makes the value when the argument is `None` or not given, anew for each instance.
    check : callable, optional
        Called as ``check(name, value)`` with values other than `None`; raises `SettingError`.
    instead : str, optional
        Name of another argument; where that is given, this one is not required and is `None`.
    """
    if factory is not None and default is REQUIRED:
        default = None
    return Setting(doc, default, factory, check, instead)


@dataclass_transform(field_specifiers=(setting,), frozen_default=True, kw_only_default=True)
class HasSettings:
    """Base of classes whose constructor arguments are declared with `setting`."""

    _settings: dict[str, Any]
    __signature__: ClassVar[inspect.Signature]
    _positional: ClassVar[str] = ""
    """Names in positional order; all others are taken by name only."""
    _keyword_params: ClassVar[str] = ""
    """Names of Params that the constructor takes too, by name only."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        defaults = {n: s.default for n, s in cls._declared_settings().items()}
        defaults |= dict.fromkeys([*cls._keyword_params.split(), "uid"])
        positional = cls._positional.split()
        by_name = [name for name in defaults if name not in positional]
        cls.__signature__ = inspect.Signature(
            [
                inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=defaults[n])
                for n in positional
            ]
            + [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=defaults[n]) for n in by_name]
        )

    @classmethod
    def _declared_settings(cls) -> dict[str, Setting]:
        found: dict[str, Setting] = {}
        for klass in reversed(cls.__mro__):
            found.update({n: s for n, s in vars(klass).items() if isinstance(s, Setting)})
        return found

    def _set_checked(self, name: str, value: Any) -> Any:
        """Set a Param."""
        raise NotImplementedError

    def _bind_settings(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
        """Check and store the constructor's arguments, defaults filled in; return the given `uid`.

        Those that are Params are set.
        """
        declared = self._declared_settings()
        try:
            given = self.__signature__.bind_partial(*args, **kwargs).arguments
            replaced = [n for n, s in declared.items() if given.get(s.instead) is not None and n not in given]
            bound = self.__signature__.bind(*args, **kwargs, **dict.fromkeys(replaced))
        except TypeError as error:
            name = type(self).__name__
            raise TypeError(f"{name}(): {error}; expected {name}{self.__signature__}.") from None
        bound.apply_defaults()
        uid: str | None = bound.arguments.pop("uid")
        for name in self._keyword_params.split():
            value = bound.arguments.pop(name)
            if value is not None:
                self._set_checked(name, value)
        self._settings = {name: declared[name].value(value) for name, value in bound.arguments.items()}
        return uid


def at_least(minimum: int) -> Check:
    """Return a check for an integer that is not below `minimum`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise SettingError(f"{name} has the wrong type: {value!r}; expected an integer >= {minimum}.")
        if value < minimum:
            raise SettingError(f"{name} is too small: {value!r}; expected an integer >= {minimum}.")

    return check


def one_of(*allowed: str) -> Check:
    """Return a check for one of the given words."""

    def check(name: str, value: Any) -> None:
        if value not in allowed:
            raise SettingError(f"{name} is not known: {value!r}; expected one of {', '.join(allowed)}.")

    return check


def instance_of(*kinds: type) -> Check:
    """Return a check for an instance of one of the given classes."""
    words = " or ".join(kind.__name__ for kind in kinds)

    def check(name: str, value: Any) -> None:
        if not isinstance(value, kinds):
            raise SettingError(
                f"{name} has the wrong type: {type(value).__name__}; expected an instance of {words}."
            )

    return check


def text_map(name: str, value: Any) -> None:
    """Check a mapping whose keys are texts."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise SettingError(f"{name} is not a mapping of names to values: {value!r}; expected a dict.")


def text(name: str, value: Any) -> None:
    """Check a text that is not empty."""
    if not isinstance(value, str) or not value:
        raise SettingError(f"{name} has the wrong value: {value!r}; expected a text that is not empty.")


def column_names(name: str, value: Any) -> None:
    """Check a list of column names."""
    if isinstance(value, str) or not all(isinstance(column, str) for column in value):
        raise SettingError(f"{name} is not a list of column names: {value!r}; expected a list of texts.")
