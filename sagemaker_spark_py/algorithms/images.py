"""Where the images of AWS's built-in algorithms are: `get_image_uri`.

The registry is ``images.json`` beside this file, which names its sources. The environment variable
``SAGEMAKER_SPARK_PY_IMAGES`` may name a JSON file of the same shape, which is merged over it by RFC 7396 (a
``null`` removes), so that new regions, versions and algorithms need no release of this library::

    {"accounts": {"frameworks": {"mx-central-1": "123456789012"}},
     "images": {"xgboost": {"default": "1.7-1"}}}
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from sagemaker_spark_py.errors import SettingError

OWN_IMAGES_VARIABLE = "SAGEMAKER_SPARK_PY_IMAGES"
"""Environment variable that names the user's registry file."""

_ENTRY = frozenset({"repository", "tag", "accounts"})
"""What the registry says of each version."""


def get_image_uri(region: str, name: str, version: str | None = None) -> str:
    """Return the URI of the image of a built-in algorithm, or of scikit-learn; it trains and serves.

    Parameters
    ----------
    region : str
        AWS region, for example ``"eu-west-1"``.
    name : str
        As SageMaker names it: ``"kmeans"``, ``"linear-learner"``, ``"xgboost"``, ``"sklearn"``, …
    version : str, optional
        Version of the image; default the registry's current one.

    Raises
    ------
    SettingError
        If region, name or version is not in the registry (the error lists those that are), the version is
        retired, or the user's registry file cannot be read.
    """
    registry = _registry(os.environ.get(OWN_IMAGES_VARIABLE))
    entry = version_entry(name, version)
    table = _look_up(registry["accounts"], entry["accounts"], "Account table", f" of {name!r}")
    account = _look_up(table, region, "Region", f" for {name!r}")
    suffix = _dns_suffix(registry["partitions"], region)
    return f"{account}.dkr.ecr.{region}.{suffix}/{entry['repository']}:{entry['tag']}"


def version_entry(name: str, version: str | None = None) -> dict[str, str]:
    """Return the registry's entry for a version of an algorithm, `None` for the current one.

    Raises
    ------
    SettingError
        If name or version is not in the registry or the version is retired.
    """
    image = _look_up(_registry(os.environ.get(OWN_IMAGES_VARIABLE))["images"], name, "Algorithm", "")
    version = version or image["default"]
    offered = {v: entry for v, entry in image["versions"].items() if "retired" not in entry}
    retired = image["versions"].get(version, {}).get("retired")
    if retired is not None:
        raise SettingError(
            f"Version of {name!r} is retired: {version!r} ({retired}); expected {_listed(offered)}. "
            f"Choose one, or give the image's own URI."
        )
    found: dict[str, str] = _look_up(offered, version, "Version", f" of {name!r}")
    return found


def _look_up(table: dict[str, Any], key: str, kind: str, whose: str) -> Any:
    if key not in table:
        raise SettingError(
            f"{kind}{whose} is not in the image registry: {key!r}; expected {_listed(table)}. "
            f"Give the image's own URI, or extend the registry with {OWN_IMAGES_VARIABLE}."
        )
    return table[key]


def _listed(names: Iterable[str]) -> str:
    return f"one of {', '.join(names)}"


def _dns_suffix(partitions: dict[str, dict[str, str]], region: str) -> str:
    for partition in partitions.values():
        if re.match(partition["regions"], region):
            return partition["dns_suffix"]
    raise SettingError(
        f"Region belongs to no known AWS partition: {region!r}; expected a name like 'eu-west-1'. "
        f"Extend the registry with {OWN_IMAGES_VARIABLE}."
    )


@cache
def _registry(own: str | None) -> dict[str, Any]:
    registry: dict[str, Any] = json.loads(Path(__file__).with_name("images.json").read_text(encoding="utf-8"))
    if own:
        registry = _merged(registry, _own_registry(own))
        _check(registry, own)
    return registry


def _own_registry(path: str) -> Any:
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingError(
            f"Image registry cannot be read: {path!r} ({error}); expected a JSON file. "
            f"Correct {OWN_IMAGES_VARIABLE}."
        ) from error


def _check(registry: Any, path: str) -> None:
    """Refuse a merged registry that lacks what a look-up needs."""
    try:
        for image in registry["images"].values():
            complete = all(entry.keys() >= _ENTRY for entry in image["versions"].values())
            if not complete or image["default"] not in image["versions"]:
                raise KeyError
        for table in (*registry["accounts"].values(), registry["partitions"]):
            table.keys()
    except (KeyError, AttributeError, TypeError) as error:
        raise SettingError(
            f"Image registry lacks the shape of the built-in one: {path!r}; expected accounts, images with "
            f"default and versions of {', '.join(sorted(_ENTRY))}. Correct the file."
        ) from error


def _merged(base: Any, patch: Any) -> Any:
    """Merge as RFC 7396 says."""
    if not isinstance(patch, dict):
        return patch
    kept = base if isinstance(base, dict) else {}
    merged = {**kept, **{key: _merged(kept.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in merged.items() if value is not None}
