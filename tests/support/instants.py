"""Work in a process of its own that is killed with SIGKILL right before its n-th change of the disk or the database.

Instants are what the interpreter tells of itself (https://docs.python.org/3/library/audit_events.html): a file is
opened for writing, a folder made, something renamed or removed; and every commit of the database. Between two of them
only bytes are written into files that are open.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

_CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect"})
_LONGEST_S = 300.0
PRELOADED = ["backend.datasets.workers.build_worker", "tests.support.instants", "numpy", "orjson"]


class Deadly:
    """Counts instants, and kills this process right before one of them.

    Args:
        last: Number of the instant that is not reached any more; 0: none.
    """

    def __init__(self, last: int) -> None:
        self.count = 0
        self._last = last
        sys.addaudithook(self._hear)
        event.listen(Engine, "commit", lambda _: self._pass())

    def _hear(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _CHANGES or (name == "open" and _is_written(arguments)):
            self._pass()

    def _pass(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def instants_of(work: Callable[[Path], None], home: Path, *, last: int = 0) -> int | None:
    """Let a process do the work there; how many instants it passed, or None if it was killed before `last`.

    Raises:
        AssertionError: If the work failed.
    """
    context = multiprocessing.get_context("forkserver")
    # the server has everything imported, so that the instants are those of the work
    context.set_forkserver_preload(PRELOADED)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_do, args=(work, home, last, theirs))
    process.start()
    theirs.close()
    try:
        count: int = ours.recv()
    except EOFError:
        count = 0
    process.join(_LONGEST_S)
    ours.close()
    assert process.exitcode in ((-signal.SIGKILL,) if last and not count else (0,)), f"exit code {process.exitcode}"
    return count or None


def _do(work: Callable[[Path], None], home: Path, last: int, told: Connection) -> None:
    deadly = Deadly(last)
    work(home)
    told.send(deadly.count)


def _is_written(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
