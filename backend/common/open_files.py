"""Files for connections, with enough left for databases: every connection is an open file of its process.

A process may usually open 1024, and whoever uses up all of them takes the databases down with the listener.
"""

import logging
import sys
from contextlib import suppress
from dataclasses import replace

from backend.common.limits import ConnectionLimits

logger = logging.getLogger(__name__)

RESERVED_FILES = 512
"""Kept for databases, files, logs, pipes of children, and connections that are being refused."""

_MOST_RESERVED = 3 / 4
_ADVICE = (
    "raise the limit of open files of the process to {needed} (LimitNOFILE= of systemd, ulimit -n), or set "
    "CLARA_MAX_CONNECTIONS to {total} or less"
)


def within_open_files(limits: ConnectionLimits) -> ConnectionLimits:
    """Limits that this process has the files for; its own limit is raised where that is needed and allowed.

    Not further than needed: children inherit it, and some of them look at every number up to it.

    Args:
        limits: What was asked for.

    Returns:
        The same, or fewer connections, which is logged with what to do about it.
    """
    needed = limits.total + RESERVED_FILES
    files = _files_after_asking_for(needed)
    if files is None:
        return limits
    fitting = fitting_connections(limits, files)
    if fitting is not limits:
        logger.warning(
            "connections.capped",
            extra={
                "asked": limits.total,
                "open_files": files,
                "total": fitting.total,
                "per_address": fitting.per_address,
                "advice": _ADVICE.format(needed=needed, total=fitting.total),
            },
        )
    return fitting


def fitting_connections(limits: ConnectionLimits, files: int) -> ConnectionLimits:
    """Limits under which a reserve is left of so many files; one address gets half of what had to be cut.

    The reserve is no more than three quarters: of very few files some are left for callers.
    """
    total = max(1, files - min(RESERVED_FILES, int(files * _MOST_RESERVED)))
    if limits.total <= total:
        return limits
    return replace(limits, total=total, per_address=min(limits.per_address, max(1, total // 2)))


def _files_after_asking_for(needed: int) -> int | None:
    """How many files this process may open, None: as many as it likes."""
    if sys.platform == "win32":
        # nothing but memory bounds them there
        return None
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return None
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft >= wanted:
        return soft
    # macOS says that it allows any number, and refuses most of them
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
