"""A trained model and the code that serves it in one artifact, as AWS's inference toolkits expect them.

They look for the code below ``code/`` in the model. Training leaves the model alone, so the two are brought
together here: streamed from S3 through a temporary file of the driver.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import IO

from sagemaker_spark_py.errors import ArtifactError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.objects import upload
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.reading import open_object
from sagemaker_spark_py.service.session import Session
from sagemaker_spark_py.staging.source import chunks

CODE = "code"
HOSTED = "hosting/model.tar.gz"
"""Name of the joint artifact below the job's own prefix, beside SageMaker's ``output/model.tar.gz``."""


def add_code(session: Session, model: S3DataPath, source: S3DataPath, place: Place) -> str:
    """Write an artifact with a model and its code below a job's place; return its URI. Runs on the driver.

    Parameters
    ----------
    session : Session
        How to reach S3.
    model, source : S3DataPath
        A ``model.tar.gz`` and a ``sourcedir.tar.gz``. What the model has at the paths of the code gives way.
    place : Place
        The job's prefix.

    Raises
    ------
    ArtifactError
        If one of them is no tar.gz.
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    """
    key = place.key(HOSTED)
    with tempfile.TemporaryFile() as joint:
        with (
            gzip.GzipFile("", "wb", 6, joint, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w") as tar,
        ):
            with _members(session, source) as code:
                written = {_copy(code, member, f"{CODE}/{member.name}", tar) for member in code}
            with _members(session, model) as trained:
                for member in trained:
                    name = os.path.normpath(member.name)
                    if name not in written:
                        _copy(trained, member, name, tar)
        joint.seek(0)
        upload(session, place, key, chunks(joint))
    return f"s3://{place.bucket}/{key}"


def _copy(source: tarfile.TarFile, member: tarfile.TarInfo, name: str, target: tarfile.TarFile) -> str:
    content: IO[bytes] | None = source.extractfile(member) if member.isreg() else None
    renamed = copy(member)
    renamed.name = name
    # Where a long name has a header of its own, that one would win.
    renamed.pax_headers = {key: value for key, value in member.pax_headers.items() if key != "path"}
    target.addfile(renamed, content)
    return name


@contextmanager
def _members(session: Session, artifact: S3DataPath) -> Iterator[tarfile.TarFile]:
    """Open an artifact for one pass over its members."""
    try:
        with open_object(session, artifact) as file, tarfile.open(fileobj=file, mode="r|gz") as archive:
            yield archive
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise ArtifactError(
            f"Archive {artifact.toS3UriString()!r} cannot be read: {error}; expected a whole tar.gz."
        ) from error
