"""The memory of a process and of everything that it started (Linux)."""

import contextlib
import threading
import time
from pathlib import Path

_EVERY_S = 0.1


class TreePeak(threading.Thread):
    """The most that a process and its descendants had at one time; ends with the process.

    Args:
        pid: Of the process.
        counts: `Rss`: pages that several share count in each; `Pss`: they count once.
    """

    def __init__(self, pid: int, counts: str = "Rss") -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._counts = counts
        self._kib = 0

    @property
    def mb(self) -> int:
        """So far."""
        return round(self._kib / 1024)

    def run(self) -> None:
        """Look ten times a second."""
        # nothing is counted of a process that only begins, nor of one that has ended and was not waited for
        while Path(f"/proc/{self._pid}/fd").exists() and ((now := self._now()) or not self._kib):
            self._kib = max(self._kib, now)
            time.sleep(_EVERY_S)

    def _now(self) -> int:
        return sum(_kib(pid, self._counts) for pid in tree_of(self._pid))


def tree_of(pid: int) -> list[int]:
    """A process and its descendants, whichever thread started them."""
    found = [pid]
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                found += tree_of(int(child))
    return found


def _kib(pid: int, counts: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{counts}:"):
                return int(line.split()[1])
    return 0
