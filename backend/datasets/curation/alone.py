"""One task of quality at a time: each removes what it has no use for, which may be what another one is about to read.

Who works says so in the file that is locked, for those who come in between. Erasing a document asks nobody.
"""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.errors import Conflict
from shared.file_lock import hold
from shared.storage import disk_errors, make_folder
from shared.utils.clock import utc_now

_FILE_NAME = "task.lock"
_LONGEST = 4096


class QualityIsBusy(Conflict):
    """Another task measures or judges in this installation."""

    code = "quality_busy"

    def __init__(self, asked: str, under_way: dict[str, Any]) -> None:
        task = under_way.get("task")
        named = f"`clara quality {task}`" if task else "Another task of quality"
        details = ", ".join(f"{label} {under_way[name]}" for name, label in _DETAILS if under_way.get(name))
        super().__init__(
            f"{named} is under way{details and f' ({details})'}, and `clara quality {asked}` would take away what it "
            "measures. Try again when it is done; if it is stopped, what it measured stays.",
            asked=asked,
            under_way=task,
        )


_DETAILS = (("process", "process"), ("host", "on"), ("since", "since"))


@contextmanager
def alone(folder: Path, task: str) -> Iterator[None]:
    """No other task over the same folder while the block lasts; a process that is killed is no obstacle.

    Args:
        folder: Of quality; made where it is not there.
        task: As `clara quality` names it.

    Raises:
        QualityIsBusy: If there is one already, at once; says which.
        NotLockable: If the folder's file system has no locks.
        NotWritable: If the folder cannot be written.
    """
    file = folder / _FILE_NAME
    with disk_errors(folder):
        make_folder(folder)
    try:
        holder = hold(file)
    except BlockingIOError:
        raise QualityIsBusy(task, _under_way(file)) from None
    try:
        _tell(holder, task)
        yield
    finally:
        os.close(holder)


def _tell(holder: int, task: str) -> None:
    since = utc_now().isoformat(timespec="seconds").replace("+00:00", "Z")
    content = {"task": task, "process": os.getpid(), "host": socket.gethostname(), "since": since}
    os.ftruncate(holder, 0)
    os.write(holder, json.dumps(content).encode())


def _under_way(file: Path) -> dict[str, Any]:
    """What the holder says of itself; nothing where it has not come to that yet."""
    try:
        with file.open("rb") as stream:
            told = json.loads(stream.read(_LONGEST))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
