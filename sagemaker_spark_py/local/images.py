"""Which images the local SageMaker can run, and the command that stands for starting one.

This is the only place that knows how a container comes to life. The algorithms' images are programs of
`sagemaker_spark_py.containers`; a user's own image is any program that keeps SageMaker's container
contract below the folder named by ``SAGEMAKER_BASE_DIR`` and is given as ``--image name=command``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence

from sagemaker_spark_py import containers
from sagemaker_spark_py.local.errors import AwsError, invalid

_PULL_PERMISSIONS = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"


class Images:
    """The registry of everything that can be started as a container.

    Parameters
    ----------
    own : mapping of str to sequence of str
        A user's own programs by repository name.
    docker : bool
        Whether all others are run by Docker.
    """

    def __init__(self, own: Mapping[str, Sequence[str]], docker: bool = False) -> None:
        self._own = {name: list(command) for name, command in own.items()}
        self._docker = docker

    def supports(self, uri: str, settings: Mapping[str, str]) -> bool:
        """Tell whether an image can be run here with a job's hyperparameters or a model's environment."""
        return self._docker or repository(uri) in self._own or containers.supports(uri, settings)

    def command(self, uri: str, verb: str) -> list[str]:
        """Return the command that starts an image; `verb` is ``"train"`` or ``"serve"``."""
        name = f"{repository(uri)}:{tag(uri)}"
        own = self._own.get(repository(uri))
        if own is None and self._docker:
            return [sys.executable, "-m", "sagemaker_spark_py.local.docker", uri, verb, name]
        return [*(own or [sys.executable, "-m", "sagemaker_spark_py.containers"]), verb, name]

    def missing(self, uri: str, role: str) -> AwsError:
        """Return AWS's error for an image that cannot be pulled."""
        known = ", ".join(sorted({*self._own, *containers.IMAGES, *containers.FRAMEWORKS}))
        return invalid(
            f"Cannot find repository: {repository(uri)} in registry ID: {registry(uri)} Please check if your "
            f"ECR repository exists and role {role} has proper pull permissions for SageMaker: "
            f"{_PULL_PERMISSIONS}. (The local SageMaker runs: {known}, "
            "and any image whose hyperparameters or environment name a script.)"
        )


def registry(uri: str) -> str:
    """Return the registry's account of an image URI, ``""`` where it names none."""
    found = re.match(r"(\d{12})\.dkr\.ecr\.", uri)
    return found.group(1) if found else ""


def repository(uri: str) -> str:
    """Return the repository of an image URI: ``…/kmeans:1`` is ``kmeans``."""
    return re.sub(r"[:@][^/]*$", "", uri.partition("/")[2] or uri)


def tag(uri: str) -> str:
    """Return the tag of an image URI, ``latest`` where it names none."""
    last = uri.rpartition("/")[2].partition("@")[0]
    return last.partition(":")[2] or "latest"
