"""SageMaker's manifest: one small JSON object that says which objects belong to a channel.

Its first entry names the prefix that all others continue (SageMaker API reference, S3DataSource).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sagemaker_spark_py.service.objects import upload

if TYPE_CHECKING:
    from sagemaker_spark_py.service.places import Place
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
