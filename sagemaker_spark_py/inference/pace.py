"""How large the bodies of a task are: small at first, so that the endpoint need not wait for a full one."""

from __future__ import annotations

import threading

FIRST_BYTES = 256 << 10
SMALLEST_BYTES = 16 << 10


class Pace:
    """Says how many bytes the next body shall have.

    The first one is small, so that the endpoint has something to do while more rows are read, and who wants
    only a few rows (``LIMIT``) sends only few; each later one may be twice as large as the one before it.

    Parameters
    ----------
    most_bytes : int
        Of any body.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._next_bytes = min(FIRST_BYTES, most_bytes)
        self._lock = threading.Lock()

    def enough_bytes(self) -> int:
        """Return the size of the next body."""
        with self._lock:
            size = self._next_bytes
            self._next_bytes = min(2 * size, self._most_bytes)
            return size

    def refused(self, size_bytes: int) -> None:
        """Make no body again as large as one that was too much."""
        with self._lock:
            if size_bytes <= self._most_bytes:
                self._most_bytes = max(SMALLEST_BYTES, size_bytes // 2)
                self._next_bytes = min(self._next_bytes, self._most_bytes)
