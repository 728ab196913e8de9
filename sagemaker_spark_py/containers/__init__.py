"""What AWS ships as images, on well-kept libraries.

Each image is one module with ``CONTAINER``, an object with ``train(job)`` and ``load(hosting)``.
``python -m sagemaker_spark_py.containers train|serve <repository>:<tag>`` runs one as SageMaker would.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Image(NamedTuple):
    """Where an image is implemented, and which of its tags are."""

    module: str
    tags: tuple[str, ...] = ("1", "latest")


IMAGES: dict[str, Image] = {
    "kmeans": Image("sagemaker_spark_py.containers.kmeans"),
}
"""Repository name of every image that the local SageMaker can run. A new algorithm is one line here."""

_URI = re.compile(r"(?:[^/]+/)*(?P<repository>[^/:@]+)(?::(?P<tag>[^/:@]+))?")


def split_uri(image_uri: str) -> tuple[str, str]:
    """Return the repository name and the tag (``"latest"`` if there is none) of an image URI."""
    match = _URI.fullmatch(image_uri)
    if match is None:
        return image_uri, "latest"
    return match["repository"], match["tag"] or "latest"


def supports(image_uri: str) -> bool:
    """Tell whether `image_uri` can be run here.

    Parameters
    ----------
    image_uri : str
        A full ECR URI or just ``<repository>:<tag>``. Account and region do not matter.

    Returns
    -------
    bool
        True for a repository and a tag in `IMAGES`.
    """
    repository, tag = split_uri(image_uri)
    return repository in IMAGES and tag in IMAGES[repository].tags
