"""A user's training code as one archive in S3, laid out as AWS's training toolkits unpack it.

The archive is deterministic: the same files give the same bytes, whoever packs them and when.
"""

from __future__ import annotations

import gzip
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.service.objects import MIB, list_objects, upload
from sagemaker_spark_py.service.places import Place
from sagemaker_spark_py.service.session import Session

_FOLDER = "source"
ARCHIVE = f"{_FOLDER}/sourcedir.tar.gz"
"""Name below the job's own prefix; where AWS's SDK puts it too."""
REQUIREMENTS = "requirements.txt"
SOURCE_BYTES_MAX = 256 * MIB
"""Most that the files may have together, unpacked. Data belongs into a channel, not beside the code."""

_LEFT_OUT = frozenset({"__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store"})


@dataclass(frozen=True)
class SourceCode:
    """The files that a training script consists of; on the driver's disk.

    Parameters
    ----------
    entryPoint : str
        The script: a path below `sourceDir`, or of a file by itself where there is no `sourceDir`.
    sourceDir : str, optional
        A folder whose content is the root of the archive.
    dependencies : tuple of str
        Further files and folders, which stand beside the script under their own names.
    requirements : str, optional
        A file that becomes ``requirements.txt`` beside the script.
    """

    entryPoint: str
    sourceDir: str | None = None
    dependencies: tuple[str, ...] = ()
    requirements: str | None = None

    @property
    def program(self) -> str:
        """Path of the script in the archive, which is ``sagemaker_program``."""
        return self.entryPoint if self.sourceDir is not None else Path(self.entryPoint).name

    def files(self) -> dict[str, Path]:
        """Return all files by their paths in the archive, in order; links are followed.

        Raises
        ------
        SettingError
            If a file is missing, a name is there twice, a link leads out of its folder or nowhere, or
            the files are too large together.
        """
        found = dict(self._code())
        for name, path in self._beside():
            if name.partition("/")[0] in {there.partition("/")[0] for there in found}:
                raise SettingError(
                    f"Source code has two things of one name: {name!r}, the second is {str(path)!r}; "
                    "expected different names. Rename one."
                )
            found.update(_below(path, f"{name}/") if path.is_dir() else {name: path})
        if self.program not in found:
            raise SettingError(
                f"entryPoint is not in sourceDir: {self.entryPoint!r}; expected the path of a file below "
                f"{self.sourceDir!r}."
            )
        size = sum(path.stat().st_size for path in found.values())
        if size > SOURCE_BYTES_MAX:
            raise SettingError(
                f"Source code is too large: {size} bytes; expected at most {SOURCE_BYTES_MAX}. Give the "
                "folder of the code alone, and data as a channel."
            )
        return dict(sorted(found.items()))

    def _code(self) -> Iterable[tuple[str, Path]]:
        if self.sourceDir is None:
            return [(self.program, _existing("entryPoint", self.entryPoint, folder=False))]
        return _below(_existing("sourceDir", self.sourceDir, folder=True), "")

    def _beside(self) -> Iterator[tuple[str, Path]]:
        for given in self.dependencies:
            path = _existing("dependencies", given)
            yield path.resolve().name, path
        if self.requirements is not None:
            yield REQUIREMENTS, _existing("requirements", self.requirements, folder=False)


def upload_source(source: SourceCode, session: Session, place: Place) -> str:
    """Pack the files, write the archive below a job's place and return its key. Runs on the driver.

    Raises
    ------
    SettingError
        See `SourceCode.files`; also if there is an archive already, of a job of the same name that may
        still read it.
    AccessError, NotFoundError, ServiceError
        If S3 refuses or fails.
    """
    key = place.key(ARCHIVE)
    if key in {found.key for found in list_objects(session, replace(place, prefix=place.key(_FOLDER)))}:
        raise SettingError(
            f"Source code is there already: 's3://{place.bucket}/{key}'; expected none, since each job's "
            "name is new. Let namePolicyFactory make another name, or delete what an earlier job has left."
        )
    with tempfile.TemporaryFile() as archive:
        write_archive(source.files(), archive)
        archive.seek(0)
        upload(session, place, key, chunks(archive))
    return key


def write_archive(files: Mapping[str, Path], target: IO[bytes]) -> None:
    """Write a tar.gz of files under their names: the same bytes for the same files."""
    with (
        gzip.GzipFile("", "wb", fileobj=target, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, path in files.items():
            add_file(tar, name, path)


def add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Add a file to an archive without what depends on the machine: times, owners, masks."""
    member = tarfile.TarInfo(name)
    status = path.stat()
    member.size = status.st_size
    member.mode = 0o755 if status.st_mode & 0o100 else 0o644
    with path.open("rb") as file:
        tar.addfile(member, file)


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the rest of a file in pieces of some MiB."""
    while piece := file.read(8 * MIB):
        yield piece


def _existing(setting: str, given: str, folder: bool | None = None) -> Path:
    path = Path(given)
    if not (path.exists() if folder is None else path.is_dir() if folder else path.is_file()):
        kind = {None: "file or folder", True: "folder", False: "file"}[folder]
        raise SettingError(f"{setting} is not there: {given!r}; expected a {kind} on this machine.")
    return path


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name not in _LEFT_OUT)


def _below(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    """Yield the files below a folder by their paths in the archive."""
    inside = root.resolve()
    waiting: list[tuple[Path, str, tuple[Path, ...]]] = [(root, prefix, (inside,))]
    while waiting:
        folder, place, above = waiting.pop()
        for path in _entries(folder):
            _check_inside(path, inside)
            if path.is_dir():
                waiting.append((path, f"{place}{path.name}/", (*above, _new(path, above))))
            else:
                yield f"{place}{path.name}", path


def _check_inside(path: Path, inside: Path) -> None:
    """Refuse links that would bring in files of other folders, and what is neither file nor folder."""
    if path.is_symlink() and not path.exists():
        raise SettingError(
            f"Link in the source code leads nowhere: {str(path)!r}; expected a file. Remove it."
        )
    if not path.resolve().is_relative_to(inside):
        raise SettingError(
            f"Link in the source code leads outside its folder: {str(path)!r} to {str(path.resolve())!r}; "
            f"expected a place below {str(inside)!r}. Name what it leads to as one of `dependencies`."
        )
    if not (path.is_dir() or path.is_file()):
        raise SettingError(f"Source code holds what cannot be packed: {str(path)!r}; expected files.")


def _new(path: Path, above: tuple[Path, ...]) -> Path:
    """Return where a folder really is; a link to a folder above would be followed for ever."""
    real = path.resolve()
    if real in above:
        raise SettingError(
            f"Link in the source code leads back to its own folder: {str(path)!r}; expected none. Remove it."
        )
    return real
