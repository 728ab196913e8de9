"""SageMaker's manifest: one small JSON object that says which objects belong to a channel.

Its first entry names the prefix that all others continue (SageMaker API reference, S3DataSource).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sagemaker_spark_py.errors import NotFoundError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service.objects import Listed, list_objects, upload
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.reading import open_object
from sagemaker_spark_py.service.session import Session

ENDING = ".manifest"


def manifest_key(place: Place) -> str:
    """Return the key of the manifest: beside the data, so that the prefix holds nothing but data."""
    return place.prefix + ENDING


def manifest_text(place: Place, keys: Sequence[str]) -> str:
    """Return the manifest of objects below a place.

    Parameters
    ----------
    place : Place
        Prefix of all keys.
    keys : sequence of str
        Whole keys; they may go through folders below the prefix.
    """
    below = place.key("")
    return json.dumps([{"prefix": f"{place.uri}/"}, *(key.removeprefix(below) for key in keys)])


def write_manifest(session: Session, place: Place, keys: Sequence[str]) -> str:
    """Write the manifest and return its key."""
    key = manifest_key(place)
    upload(session, place, key, [manifest_text(place, keys).encode()])
    return key


def named_objects(session: Session, manifest: S3DataPath) -> Iterator[Listed]:
    """Yield the objects that a manifest names, which must be in its own bucket, in its order.

    Raises
    ------
    NotFoundError
        If the manifest or an object is gone.
    """
    with open_object(session, manifest) as file:
        first, *names = json.load(file)
    prefix = S3DataPath.fromS3URI(first["prefix"]).objectPath
    there = {found.key: found for found in list_objects(session, Place(manifest.bucket, prefix.rstrip("/")))}
    for name in names:
        if prefix + name not in there:
            raise NotFoundError(
                f"Manifest {manifest.toS3UriString()!r} names an object that is gone: {prefix + name!r}; "
                "expected all of them. Staged rows are deleted after training unless "
                "deleteStagingDataAfterTraining=False."
            )
        yield there[prefix + name]
