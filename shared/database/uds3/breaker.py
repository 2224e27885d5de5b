"""Leaves a store alone for a while after it failed, so that not every search waits for it."""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Whether a store is asked; threads may share it.

    After a failure it is not asked for `pause_s`; then one caller tries, and the others go on without it until that
    one succeeded.

    Args:
        pause_s: How long a store is left alone.
        clock: Monotonic seconds.
    """

    def __init__(self, *, pause_s: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._reason = ""
        self._closed_until = 0.0

    def admit(self) -> str:
        """Empty if the store may be asked now, else why it is left alone."""
        with self._lock:
            if not self._reason:
                return ""
            now = self._clock()
            if now < self._closed_until:
                return self._reason
            # this caller tries; nobody else does until it has told how it went, or as long as a pause lasts
            self._closed_until = now + self._pause_s
            return ""

    def failed(self, reason: str) -> None:
        """The store could not answer."""
        with self._lock:
            self._reason = reason
            self._closed_until = self._clock() + self._pause_s

    def succeeded(self) -> None:
        """The store answered."""
        with self._lock:
            self._reason = ""
