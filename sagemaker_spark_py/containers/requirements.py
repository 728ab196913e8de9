"""Packages that a user's script asks for in a requirements.txt."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sagemaker_spark_py.errors import ContainerError

_LOG = logging.getLogger(__name__)
INSTALL_VARIABLE = "SAGEMAKER_LOCAL_INSTALL_REQUIREMENTS"
"""Set by a local SageMaker that may install packages."""

_ERROR_CHARACTERS = 500


def provide(code: Path, target: Path, environment: Mapping[str, str]) -> list[Path]:
    """Make sure that a script has its packages; return the folders to search for them.

    Packages that are installed already are taken as they are. Others are installed into `target`, which is
    thrown away with the job, where `INSTALL_VARIABLE` allows it.

    Parameters
    ----------
    code : Path
        The script's folder, which may hold a ``requirements.txt``.
    target : Path
        Where to install.
    environment : mapping
        Of the container.

    Raises
    ------
    ContainerError
        If packages are missing and may not be or cannot be installed.
    """
    listed = code / "requirements.txt"
    missing = _missing(listed) if listed.is_file() else ""
    if not missing:
        return []
    if not environment.get(INSTALL_VARIABLE):
        raise ContainerError(
            f"Packages of requirements.txt are not installed: {missing}; expected all of them in the Python "
            "that runs the local SageMaker. Install them there, or start "
            "LocalSageMaker(installRequirements=True)"
        )
    _LOG.info("Installing dependencies from requirements.txt")
    done = _pip("--target", str(target), "-r", str(listed))
    if done.returncode:
        raise ContainerError(f"Packages of requirements.txt cannot be installed: {_problem(done)}")
    return [target]


def _missing(listed: Path) -> str:
    """Return what is not installed of a list, ``""`` where all is; asks no package index."""
    done = _pip("--no-index", "--dry-run", "--report", "-", "-r", str(listed))
    if done.returncode:
        return _problem(done)
    wanted = json.loads(done.stdout)["install"]
    return ", ".join(package["metadata"]["name"] for package in wanted)


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _problem(done: subprocess.CompletedProcess[str]) -> str:
    return done.stderr.strip()[-_ERROR_CHARACTERS:] or f"pip ended with {done.returncode}"
