"""Find and end every process that descends from one piece of work, also those that left its process group.

A process group dies with one call, but a grandchild may have started a session of its own. What all of them inherit is
the environment: the first process gets a mark there, and on Linux `/proc` tells who carries it. Elsewhere only the
group (POSIX) or the process tree (Windows) is ended.

`/proc` shows the environment that a process was started with. One that was forked writes its own mark over that of the
process it was forked from: see `MarkPlace`.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK_VARIABLE = "CLARA_ATTEMPT"
LONGEST_MARK = 160
"""Bytes that a forked process has for its mark."""
RESERVED_MARK = "-" * LONGEST_MARK
"""Value of the variable in a process whose forked children take marks of their own."""
# of /proc/PID/stat, counted from the field after the name: where the environment begins in memory
_ENVIRONMENT_START = 47
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


class MarkPlace:
    """Where the mark stands in the memory of this process, started with `RESERVED_MARK`, and of those forked from it.

    Raises:
        OSError: If the place cannot be told.
    """

    def __init__(self) -> None:
        start = f"{MARK_VARIABLE}={RESERVED_MARK}".encode()
        block = Path("/proc/self/environ").read_bytes()
        offset = 0 if block.startswith(start) else block.find(b"\0" + start) + 1
        if not block.startswith(start, offset):
            raise OSError(f"no room for a mark in the environment: {MARK_VARIABLE} is not reserved")
        fields = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        self._address = int(fields[_ENVIRONMENT_START]) + offset + len(f"{MARK_VARIABLE}=")

    def write(self, mark: str) -> None:
        """Carry this mark from now on.

        Raises:
            OSError: If it is too long, or others do not see it afterwards.
        """
        content = mark.encode()
        if len(content) > LONGEST_MARK:
            raise OSError(f"the mark '{mark}' has {len(content)} bytes, at most {LONGEST_MARK} are reserved")
        ctypes.memmove(self._address, content.ljust(LONGEST_MARK, b"\0"), LONGEST_MARK)
        if f"{MARK_VARIABLE}={mark}".encode() not in Path("/proc/self/environ").read_bytes().split(b"\0"):
            raise OSError("a mark written over the environment is not seen in /proc")


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
