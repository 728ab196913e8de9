"""The server's private folder, and the removal of folders whose server was killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "sagemaker-local-"
LOCK = ".lock"


class Home:
    """A folder that only this server's user can read, locked as long as the server lives.

    Attributes
    ----------
    path : Path
        Where it is.
    """

    def __init__(self) -> None:
        _sweep()
        # Locked before it has a name that other servers sweep.
        new = Path(tempfile.mkdtemp(prefix=f"new-{PREFIX}"))
        self._lock = os.open(new / LOCK, os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path = new.rename(new.with_name(new.name.removeprefix("new-")))

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _sweep() -> None:
    """Remove the folders of servers that did not live to do it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
