"""A script's source archive, brought from S3 to where AWS's toolkits unpack it.

On SageMaker the container does this itself. It leaves a folder that is filled already as it is, so that here
the containers need no access to S3.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local import archives, store

CODE = "code"


class SourceError(Exception):
    """The archive cannot be read; the text names it."""


def bring(s3: Any, settings: Mapping[str, str], folder: Path) -> None:
    """Unpack the archive that a job's hyperparameters or a container's environment name, if they name one.

    Parameters
    ----------
    s3
        boto3's S3 client.
    settings : mapping
        Hyperparameters and environment.
    folder : Path
        Plays ``/opt/ml``; the code goes below it.

    Raises
    ------
    SourceError
        Where the archive is not there or is none.
    """
    uri = _uri(settings)
    if not uri.startswith("s3://"):
        return
    bucket, key = store.split_uri(uri)
    archive = folder / "sourcedir.tar.gz"
    try:
        store.download(s3, bucket, key, archive)
        archives.unpack(archive, folder / CODE)
    except (ClientError, BotoCoreError, tarfile.TarError, OSError, EOFError) as error:
        raise SourceError(f"Unable to read the source archive {uri}: {error}") from error
    finally:
        archive.unlink(missing_ok=True)


def _uri(settings: Mapping[str, str]) -> str:
    given = settings.get("sagemaker_submit_directory")
    if given is None:
        return settings.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    try:
        return str(json.loads(given))
    except ValueError:
        return given
