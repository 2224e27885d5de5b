"""Find and end every process that descends from one piece of work, also those that left its process group.

A process group dies with one call, but a grandchild may have started a session of its own. What all of them inherit is
the environment: the first process gets a mark there, and on Linux `/proc` tells who carries it. Elsewhere only the
group (POSIX) or the process tree (Windows) is ended.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

MARK_VARIABLE = "CLARA_ATTEMPT"
_ROUNDS = 5


def end_marked(mark: str) -> int:
    """Kill every process whose mark begins with `mark`; returns how many were killed.

    Looked for again until nobody is found: a process may have started another while we looked.
    """
    killed = 0
    for _ in range(_ROUNDS if sys.platform == "linux" else 0):
        found = list(_marked(mark))
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed += 1
        if not found:
            break
    return killed


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        if any(variable.startswith(wanted) for variable in variables):
            yield int(folder.name)
