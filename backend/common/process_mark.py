"""Find and end every process that descends from one piece of work, also those that left its process group.

A process group dies with one call, but a grandchild may have started a session of its own. What all of them inherit is
the environment: the first process gets a mark there, and on Linux `/proc` tells who carries it. Elsewhere only the
group (POSIX) or the process tree (Windows) is ended.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK_VARIABLE = "CLARA_ATTEMPT"
_ROUNDS, _PAUSE_S = 10, 0.01


def end_marked(mark: str) -> int:
    """Kill every process whose mark begins with `mark`; returns how many were killed.

    Looked for again until nobody is found: a process may have started another while we looked.
    """
    killed: set[int] = set()
    for _ in range(_ROUNDS):
        found = set(_marked(mark))
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        # the killed ones need a moment to be gone
        time.sleep(_PAUSE_S)
    return len(killed)


def marks() -> set[str]:
    """Every mark that a process of this machine carries and that we may see."""
    return {mark for _, mark in _all_marked()}


def _marked(mark: str) -> Iterator[int]:
    return (pid for pid, found in _all_marked() if found.startswith(mark))


def _all_marked() -> Iterator[tuple[int, str]]:
    if sys.platform != "linux":
        return
    variable_start = f"{MARK_VARIABLE}=".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile, or somebody else's
            continue
        for variable in variables:
            if variable.startswith(variable_start):
                yield int(folder.name), variable.removeprefix(variable_start).decode("utf-8", "replace")
