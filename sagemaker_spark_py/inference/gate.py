"""How many requests of a task are under way: fewer at once when AWS throttles, then slowly more again."""

from __future__ import annotations

import threading
import time


class Closed(Exception):
    """Raised where a request is not to be sent any more: nobody waits for its answer."""


class Gate:
    """Lets requests through, a certain number at a time; used by all threads of a task.

    A throttled request halves the number, but those that were under way together halve it once; each
    request that is answered adds to it what makes one more when all of them have been
    (additive increase, multiplicative decrease, as TCP shares a line).

    Parameters
    ----------
    most : int
        Requests at a time to begin with, and never more.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._under_way = 0
        self._let_in = 0
        self._slowed_at = 0
        self._change = threading.Condition()
        self.closed = False

    @property
    def allowed(self) -> int:
        """How many requests may be under way at present."""
        return int(self._allowed)

    def enter(self) -> int:
        """Wait for room; return the number of this request, for `leave`.

        Raises
        ------
        Closed
            If the gate is closed.
        """
        with self._change:
            self._change.wait_for(lambda: self.closed or self._under_way < self.allowed)
            if self.closed:
                raise Closed
            self._under_way += 1
            self._let_in += 1
            return self._let_in

    def leave(self, number: int, *, answered: bool = False, throttled: bool = False) -> None:
        """Make room, and learn from how it went."""
        with self._change:
            self._under_way -= 1
            if throttled and number > self._slowed_at:
                self._allowed = max(1.0, self._allowed / 2)
                self._slowed_at = self._let_in
            elif answered:
                self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)
            self._change.notify_all()

    def pause(self, seconds: float) -> bool:
        """Wait so long, or until the gate is closed; tell whether it is."""
        until = time.monotonic() + seconds
        with self._change:
            while not self.closed and (left := until - time.monotonic()) > 0:
                self._change.wait(left)
            return self.closed

    def close(self) -> None:
        """Hold nobody any more: the answers are not wanted."""
        with self._change:
            self.closed = True
            self._change.notify_all()
