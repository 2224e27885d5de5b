"""Where the time of a start goes: from process to first step, lap by lap."""

import time
from collections.abc import Callable


class Laps:
    """Names the stretch since the last lap; the first begins when this is made.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._seconds: dict[str, float] = {}

    def lap(self, name: str, *, seconds: float | None = None) -> None:
        """The stretch that ends now, under this name; a second one of the same name adds to the first.

        Args:
            name: What was done.
            seconds: Its length, if it was measured in another way.
        """
        now = self._clock()
        taken = now - self._last if seconds is None else seconds
        self._seconds[name] = self._seconds.get(name, 0.0) + taken
        self._last = now

    @property
    def seconds(self) -> dict[str, float]:
        """All laps so far, rounded to milliseconds."""
        return {name: round(taken, 3) for name, taken in self._seconds.items()}
