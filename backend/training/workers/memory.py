"""Memory of a trainer process: the limit that it sets itself, and what the kernel says about processes it killed."""

import contextlib
import os
import sys
from pathlib import Path

MEMORY_VARIABLE = "CLARA_TRAINER_MEMORY_MB"
_MIB = 1024 * 1024
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_RATHER_US = "500"


def limit_memory(processes: int = 1) -> None:
    """Let this process allocate no more than its starter allows; beyond it Python raises `MemoryError`.

    Set on the process itself, since a limit cannot be given to another before its first instruction. It counts what is
    allocated, not what files map; on Windows there is no such limit and the setting has no effect.

    Where the kernel has to kill somebody all the same, it is to take a trainer, which goes on from its checkpoint.

    Args:
        processes: That share what the starter allows.
    """
    be_killed_first()
    allowed_mb = os.environ.get(MEMORY_VARIABLE)
    if not allowed_mb or sys.platform == "win32":
        return
    import resource

    limit = int(allowed_mb) * _MIB // processes
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def be_killed_first() -> None:
    """Where memory runs out the kernel is to take this process, and not the service or a database beside it."""
    with contextlib.suppress(OSError):
        _OOM_SCORE.write_text(_RATHER_US, encoding="ascii")


def available_mb() -> int | None:
    """MiB that new processes may take, by the machine and by our own control group; None where nobody says.

    What the files of a group hold in its cache counts as available, as the kernel counts it for the machine.
    """
    found = [room for room in (_room_of_machine(), _room_of_group()) if room is not None]
    return min(found) // _MIB if found else None


def oom_kills(events: Path | None = None) -> int:
    """Processes of our control group that the kernel has killed for lack of memory; 0 where it does not say.

    Args:
        events: The `memory.events` file; default: that of our own group (cgroup v2).
    """
    try:
        path = events or _own_group() / "memory.events"
        counts = dict(line.split(maxsplit=1) for line in path.read_text(encoding="ascii").splitlines())
        return int(counts.get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def _room_of_machine() -> int | None:
    try:
        counts = _counts(Path("/proc/meminfo"))
        return counts["MemAvailable:"] * 1024
    except (OSError, ValueError, KeyError):
        return None


def _room_of_group() -> int | None:
    """Bytes below the limit of our own group (cgroup v2); None without one."""
    try:
        group = _own_group()
        limit = int((group / "memory.max").read_text(encoding="ascii"))
        used = int((group / "memory.current").read_text(encoding="ascii"))
        return limit - used + _counts(group / "memory.stat")["inactive_file"]
    except (OSError, ValueError, KeyError):
        return None


def _counts(path: Path) -> dict[str, int]:
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines())
    return {row[0]: int(row[1]) for row in rows}


def _own_group() -> Path:
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        number, _, group = line.split(":", 2)
        if number == "0":
            return Path("/sys/fs/cgroup") / group.lstrip("/")
    raise ValueError("no cgroup v2")
