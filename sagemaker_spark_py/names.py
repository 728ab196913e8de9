"""Names of the resources that one ``fit()`` makes in SageMaker.

A policy is the four names of one fit; a factory makes a policy per fit. All are frozen values that are equal
when their arguments are. Names that SageMaker would refuse are refused here, when policy or factory is made.
"""

from __future__ import annotations

import re
import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import NamedTuple

from sagemaker_spark_py.errors import SettingError

LONGEST = 63  # this and the next: API, CreateTrainingJob, TrainingJobName
_VALID = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


class ResourceNames(NamedTuple):
    """The names of one fit, as SageMaker gets them."""

    trainingJobName: str
    modelName: str
    endpointConfigName: str
    endpointName: str


class NamePolicy(ABC):
    """The names of one fit."""

    @property
    @abstractmethod
    def names(self) -> ResourceNames:
        """The four names; the same ones at each call."""


class NamePolicyFactory(ABC):
    """Makes a `NamePolicy` for each fit."""

    @abstractmethod
    def createNamePolicy(self) -> NamePolicy:
        """Return the policy of one fit."""


@dataclass(frozen=True)
class RandomNamePolicy(NamePolicy):
    """Names of the form ``<prefix>trainingJob-<12 hex digits>-<UTC time>``.

    Likewise ``model``, ``endpointConfig`` and ``endpoint``, with the same digits and time, for example
    ``sparksm-4-model-0c1d2e3f4a5b-20261121T001047``.

    Parameters
    ----------
    prefix : str
        Put before each name; at most 20 letters, digits and hyphens.

    Raises
    ------
    SettingError
        If names with this prefix would not be valid.
    """

    prefix: str = ""
    trainingJobName: str = field(init=False, compare=False, repr=False)
    modelName: str = field(init=False, compare=False, repr=False)
    endpointConfigName: str = field(init=False, compare=False, repr=False)
    endpointName: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Choose the random part, once."""
        ending = f"-{uuid.uuid4().hex[:12]}-{_utc('%Y%m%dT%H%M%S')}"
        for kind in ("endpointConfig", "trainingJob", "model", "endpoint"):  # the longest first
            name = _valid("Name prefix", self.prefix, kind + ending)
            object.__setattr__(self, f"{kind}Name", name)

    @property
    def names(self) -> ResourceNames:
        """The four names; the same ones at each call."""
        return ResourceNames(self.trainingJobName, self.modelName, self.endpointConfigName, self.endpointName)


@dataclass(frozen=True)
class CustomNamePolicy(NamePolicy):
    """Names as they are given. A second fit with the same job name is refused before rows are staged.

    Parameters
    ----------
    trainingJobName, modelName, endpointConfigName, endpointName : str
        At most 63 letters, digits and hyphens each.
    """

    trainingJobName: str
    modelName: str
    endpointConfigName: str
    endpointName: str

    def __post_init__(self) -> None:
        """Refuse names that SageMaker would refuse."""
        _ = self.names

    @property
    def names(self) -> ResourceNames:
        """The four names; the same ones at each call."""
        return _four_names(self, suffix="")


@dataclass(frozen=True)
class CustomNamePolicyWithTimeStampSuffix(NamePolicy):
    """Given names, each followed by ``-<UTC time to the microsecond>``.

    The attributes are the names as given; `names` has the suffix.

    Parameters
    ----------
    trainingJobName, modelName, endpointConfigName, endpointName : str
        At most 41 letters, digits and hyphens each.
    """

    trainingJobName: str
    modelName: str
    endpointConfigName: str
    endpointName: str
    _suffix: str = field(
        default_factory=lambda: f"-{_utc('%Y%m%dT%H%M%S%f')}", init=False, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        """Refuse names that SageMaker would refuse."""
        _ = self.names

    @property
    def names(self) -> ResourceNames:
        """The four names; the same ones at each call."""
        return _four_names(self, self._suffix)


@dataclass(frozen=True)
class RandomNamePolicyFactory(NamePolicyFactory):
    """Makes a `RandomNamePolicy` for each fit.

    Parameters
    ----------
    prefix : str
        Put before each name; at most 20 letters, digits and hyphens.
    """

    prefix: str = ""

    def __post_init__(self) -> None:
        """Refuse a prefix that no policy could use."""
        self.createNamePolicy()

    def createNamePolicy(self) -> RandomNamePolicy:
        """Return new random names."""
        return RandomNamePolicy(self.prefix)


@dataclass(frozen=True)
class CustomNamePolicyFactory(NamePolicyFactory):
    """Makes the same `CustomNamePolicy` for each fit, so it serves one fit only.

    Parameters
    ----------
    trainingJobName, modelName, endpointConfigName, endpointName : str
        At most 63 letters, digits and hyphens each.
    """

    trainingJobName: str
    modelName: str
    endpointConfigName: str
    endpointName: str

    def __post_init__(self) -> None:
        """Refuse names that no policy could use."""
        self.createNamePolicy()

    def createNamePolicy(self) -> CustomNamePolicy:
        """Return the names as given."""
        return CustomNamePolicy(
            self.trainingJobName, self.modelName, self.endpointConfigName, self.endpointName
        )


@dataclass(frozen=True)
class CustomNamePolicyWithTimeStampSuffixFactory(NamePolicyFactory):
    """Makes a `CustomNamePolicyWithTimeStampSuffix` for each fit.

    Parameters
    ----------
    trainingJobName, modelName, endpointConfigName, endpointName : str
        At most 41 letters, digits and hyphens each.
    """

    trainingJobName: str
    modelName: str
    endpointConfigName: str
    endpointName: str

    def __post_init__(self) -> None:
        """Refuse names that no policy could use."""
        self.createNamePolicy()

    def createNamePolicy(self) -> CustomNamePolicyWithTimeStampSuffix:
        """Return the names with the time of this call."""
        return CustomNamePolicyWithTimeStampSuffix(
            self.trainingJobName, self.modelName, self.endpointConfigName, self.endpointName
        )


def _four_names(policy: CustomNamePolicy | CustomNamePolicyWithTimeStampSuffix, suffix: str) -> ResourceNames:
    return ResourceNames(*(_valid(field, getattr(policy, field), suffix) for field in ResourceNames._fields))


def _valid(subject: str, text: str, ending: str) -> str:
    """Return text and ending as one name, or say how to change the text."""
    if not isinstance(text, str):
        raise TypeError(f"{subject} has the wrong type: {type(text).__name__}; expected str.")
    name = text + ending
    if len(name) <= LONGEST and _VALID.fullmatch(name):
        return name
    longest = LONGEST - len(ending)
    better = re.sub(r"[^a-zA-Z0-9-]+", "-", text).lstrip("-")[:longest]
    better = better if ending else better.rstrip("-")
    example = f" Take {better!r}, for example." if better else ""
    raise SettingError(
        f"{subject} gives names that SageMaker refuses: {text!r}; expected at most {longest} letters a-z and "
        f"A-Z, digits and hyphens, {'not beginning' if ending else 'neither beginning nor ending'} with a "
        f"hyphen.{example}"
    )


def _utc(layout: str) -> str:
    return datetime.now(timezone.utc).strftime(layout)
