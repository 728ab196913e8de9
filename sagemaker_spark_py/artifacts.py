"""Model artifacts: what a training job left in S3, brought to this machine."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sagemaker_spark_py.errors import ArtifactError
from sagemaker_spark_py.resources import S3DataPath
from sagemaker_spark_py.service import Session
from sagemaker_spark_py.service.reading import open_object

if not hasattr(tarfile, "data_filter"):  # Python 3.10 and 3.11 of before June 2023
    from backports import tarfile  # type: ignore[no-redef]

_ARCHIVES = (".tar.gz", ".tgz")
_BOOSTER = "xgboost-model"
"""What AWS's XGBoost images call their model; with k-fold validation followed by ``-<number>``."""
_PICKLE = b"\x80"
"""First byte of a pickle of protocol 2 and later; no format of XGBoost begins with it."""


def download(session: Session, artifact: S3DataPath, path: str | os.PathLike[str]) -> Path:
    """Bring an artifact to this machine; see `SageMakerModel.download`."""
    target = Path(path)
    if target.name.endswith(_ARCHIVES):
        _save(session, artifact, target)
    else:
        _unpack(session, artifact, target)
    return target


def _save(session: Session, artifact: S3DataPath, target: Path) -> None:
    """Write the archive beside its place first, so that a half one is never found there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, half = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file, open_object(session, artifact) as source:
            shutil.copyfileobj(source, file)
        os.replace(half, target)
    except BaseException:
        with suppress(OSError):
            os.remove(half)
        raise


def _unpack(session: Session, artifact: S3DataPath, folder: Path) -> None:
    """Unpack into a folder of its own first, so that a broken archive leaves nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as fresh:
        with _opened(session, artifact) as archive:
            # This filter of the standard library refuses what would land elsewhere, devices included.
            archive.extractall(fresh, filter="data")
        for found in sorted(Path(fresh).rglob("*")):
            place = folder / found.relative_to(fresh)
            if found.is_dir() and not found.is_symlink():
                place.mkdir(exist_ok=True)
            else:
                os.replace(found, place)


@contextmanager
def _opened(session: Session, artifact: S3DataPath) -> Iterator[tarfile.TarFile]:
    """Open an artifact for one pass over its members, without a file of it here."""
    try:
        with open_object(session, artifact) as file, tarfile.open(fileobj=file, mode="r|gz") as archive:
            yield archive
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise ArtifactError(
            f"Model artifact {artifact.toS3UriString()!r} cannot be unpacked: {error}; expected a whole "
            "tar.gz whose members stay inside of the folder. Give download() a path that ends with .tar.gz "
            "to look at it as it is."
        ) from error


def read_booster(session: Session, artifact: S3DataPath, image: str | None) -> Any:
    """Return the booster in an artifact; see `SageMakerModel.nativeModel`."""
    xgboost = _imported_xgboost(image)
    raw = _booster_bytes(session, artifact)
    if raw.startswith(_PICKLE):
        raise ArtifactError(
            f"The booster in {artifact.toS3UriString()!r} is a pickle, as XGBoost images before 1.3 and some "
            "scripts write it; expected what Booster.save_model writes. Unpickling runs whatever code a file "
            f"brings, so it is not done here: if you trust it, download() it and unpickle {_BOOSTER!r} with "
            f"the image's version of xgboost{_version_of(image)}."
        )
    try:
        booster = xgboost.Booster(model_file=raw)
    except xgboost.core.XGBoostError as error:
        raise ArtifactError(
            f"The booster in {artifact.toS3UriString()!r} cannot be read by xgboost {xgboost.__version__}: "
            f"{_first_line(error)}; expected the version that wrote it{_version_of(image)}."
        ) from error
    # With early stopping, SageMaker's containers predict with the rounds up to the best one.
    best = booster.attr("best_iteration")
    return booster if best is None else booster[: int(best) + 1]


def _imported_xgboost(image: str | None) -> Any:
    try:
        import xgboost
    except ImportError as error:
        raise ArtifactError(
            f"The package xgboost cannot be imported: {error}; expected it on the driver"
            f"{_version_of(image)}. Install it, for example with `pip install xgboost`."
        ) from error
    return xgboost


def _booster_bytes(session: Session, artifact: S3DataPath) -> bytearray:
    names = []
    with _opened(session, artifact) as archive:
        for member in archive:
            name = os.path.normpath(member.name)
            if name == _BOOSTER and (file := archive.extractfile(member)) is not None:
                return bytearray(file.read())
            names += [name] if member.isfile() else []
    raise ArtifactError(
        f"Model artifact {artifact.toS3UriString()!r} holds no single booster: "
        f"{', '.join(names) or 'no file'}; expected {_BOOSTER!r}. Use download() and read "
        "it with the library that wrote it."
    )


def _version_of(image: str | None) -> str:
    """Say which version of XGBoost an image has; nothing where its name does not tell."""
    found = re.search(r"xgboost:(\d+\.\d+)-\d", image or "")
    return f" ({found[1]}, going by the image)" if found else ""


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return re.sub(r"^\[[\d:]+\] \S+: ", "", lines[0].strip()) if lines else type(error).__name__
