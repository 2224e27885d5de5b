"""Processes of this machine, as /proc tells them."""

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.support.tree_memory import tree_of

_DEATH_S = 10.0


def children_of(pid: int) -> list[int]:
    """Ids of the direct children of a process."""
    try:
        listed = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def environment_values(variable: str) -> dict[int, str]:
    """Process id -> value of a variable, for all living processes that have it."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                entries = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            values = [entry.partition("=")[2] for entry in entries if entry.startswith(f"{variable}=")]
            if values:
                found[int(folder.name)] = values[0]
    return found


def cpu_seconds(pid: int) -> float:
    """CPU time that a living process has used so far, its threads included; 0 if it is gone."""
    try:
        # the name in parentheses may hold anything; utime and stime are the 12th and 13th field after it
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def started_at(pid: int) -> int:
    """When a process was started, in clock ticks since the machine was.

    Raises:
        FileNotFoundError: If it is gone.
    """
    # starttime is the 20th field after the name in parentheses, which may hold anything
    return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def kill_tree(pid: int) -> int:
    """SIGKILL to a child of ours and everything that it started, as if the power went; how many processes there were.

    Raises:
        AssertionError: If one of them is still alive some seconds later.
    """
    found = tree_of(pid)
    for each in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    deadline = time.monotonic() + _DEATH_S
    while any(map(is_alive, found)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_alive, found)), "what was killed lives on"
    return len(found)
