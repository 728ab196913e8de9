"""The module names of AWS's package, so that its users change nothing but the package's name.

``from sagemaker_spark_py.S3Resources import S3DataPath`` finds our ``resources`` under AWS's name. The
modules registered here only look things up where they are, so nothing is loaded before it is asked for, or
twice. They are registered, not files, because importing a file ``SageMakerModel.py`` would hide the class of
that name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

HOMES = {
    "IAMRoleResource": "resources",
    "NamePolicy": "names",
    "S3Resources": "resources",
    "SageMakerClients": "service",
    "SageMakerEstimator": "estimator",
    "SageMakerModel": "model",
    "SageMakerResourceCleanup": "service",
}
"""Our module, by the name of AWS's."""


class _Alias(ModuleType):
    """A module that has what another one has."""

    def __init__(self, name: str, home: str) -> None:
        super().__init__(name, f"What AWS's module of this name holds; see `{home}`.")
        self._home = home

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked for by the import system, which must not load the home
            raise AttributeError(name)
        return getattr(import_module(self._home), name)

    def __dir__(self) -> list[str]:
        return dir(import_module(self._home))


def register(package: str) -> None:
    """Make AWS's module names importable below a package."""
    for name, home in HOMES.items():
        sys.modules[f"{package}.{name}"] = _Alias(f"{package}.{name}", f"{package}.{home}")
