"""What AWS ships as images, on well-kept libraries.

Each image is one module with ``CONTAINER``, an object with ``train(job)`` and ``load(hosting)``. It is only
imported where it runs, so that this package is cheap to ask.
``python -m sagemaker_spark_py.containers train|serve <repository>:<tag>`` runs one as SageMaker would.
Any image runs a script of the user's where its job or model names one.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from sagemaker_spark_py.containers.job import Hosting, Job
    from sagemaker_spark_py.containers.server import Handler


class Container(Protocol):
    """What the module of an image has as ``CONTAINER``. Both refuse with ContainerError."""

    def train(self, job: Job) -> None:
        """Train on the job's channels and write the model."""

    def load(self, hosting: Hosting) -> Handler:
        """Return what answers requests with the hosted model."""


class Image(NamedTuple):
    """Where an image is implemented, and which of its tags are."""

    module: str
    tags: tuple[str, ...] = ("1", "latest")


_XGBOOST_TAGS = (
    "0.90-1-cpu-py3",
    "0.90-2-cpu-py3",
    "1.0-1-cpu-py3",
    "1.2-1",
    "1.2-2",
    "1.3-1",
    "1.5-1",
    "1.7-1",
    "3.0-5",
    "3.2-0",
)

IMAGES: dict[str, Image] = {
    "kmeans": Image("sagemaker_spark_py.containers.kmeans"),
    "pca": Image("sagemaker_spark_py.containers.pca"),
    "linear-learner": Image("sagemaker_spark_py.containers.linear_learner"),
    "factorization-machines": Image("sagemaker_spark_py.containers.factorization_machines"),
    "lda": Image("sagemaker_spark_py.containers.lda"),
    "knn": Image("sagemaker_spark_py.containers.knn"),
    "randomcutforest": Image("sagemaker_spark_py.containers.randomcutforest"),
    "xgboost": Image("sagemaker_spark_py.containers.xgboost"),
    "sagemaker-xgboost": Image("sagemaker_spark_py.containers.xgboost", _XGBOOST_TAGS),
}
"""Repository name of every image that the local SageMaker can run. A new algorithm is one line here."""

FRAMEWORKS = ("sagemaker-scikit-learn", "pytorch-training", "pytorch-inference", "tensorflow-training")
"""Repositories of images that run nothing but a user's script, in all versions."""

_URI = re.compile(r"(?:[^/]+/)*(?P<repository>[^/:@]+)(?::(?P<tag>[^/:@]+))?")


def split_uri(image_uri: str) -> tuple[str, str]:
    """Return the repository name and the tag (``"latest"`` if there is none) of an image URI."""
    match = _URI.fullmatch(image_uri)
    if match is None:
        return image_uri, "latest"
    return match["repository"], match["tag"] or "latest"


def supports(image_uri: str, settings: Mapping[str, str] | None = None) -> bool:
    """Tell whether `image_uri` can be run here.

    Parameters
    ----------
    image_uri : str
        A full ECR URI or just ``<repository>:<tag>``. Account and region do not matter.
    settings : mapping, optional
        Hyperparameters and environment of the container.

    Returns
    -------
    bool
        True for a repository and a tag in `IMAGES`, for `FRAMEWORKS`, and for any image whose settings name
        a script.
    """
    repository, tag = split_uri(image_uri)
    known = IMAGES.get(repository)
    return _runs_script(repository, settings or {}) or (known is not None and tag in known.tags)


def load_container(repository: str, settings: Mapping[str, str] | None = None) -> Container:
    """Import and return the container of a repository that is supported."""
    script = _runs_script(repository, settings or {})
    module = "sagemaker_spark_py.containers.script" if script else IMAGES[repository].module
    container: Container = importlib.import_module(module).CONTAINER
    return container


def _runs_script(repository: str, settings: Mapping[str, str]) -> bool:
    return repository in FRAMEWORKS or "sagemaker_program" in settings or "SAGEMAKER_PROGRAM" in settings
