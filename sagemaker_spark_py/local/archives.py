"""tar.gz archives of models and outputs."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable
from pathlib import Path

if not hasattr(tarfile, "data_filter"):  # Python 3.10 and 3.11 of before June 2023
    from backports import tarfile  # type: ignore[no-redef]

UNREADABLE = (tarfile.TarError, OSError, EOFError)
"""What `unpack` raises where the file is no tar.gz or a member is not safe."""


def files_below(folders: Iterable[Path]) -> dict[str, Path]:
    """Return the files of several hosts' folders by relative path; a later host's file wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path
    return found


def pack(files: dict[str, Path], archive: Path) -> None:
    """Write files into a tar.gz under their relative paths."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for name, path in sorted(files.items()):
            tar.add(path, arcname=name, recursive=False)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz; members that would land outside `folder` are refused.

    Raises
    ------
    TarError, OSError, EOFError
        See `UNREADABLE`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "r:gz") as tar:
        tar.extractall(folder, filter="data")
