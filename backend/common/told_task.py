"""A task of a child process: its outcome is the last JSON line on stdout, its exit code says whether it was done."""

import logging
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from backend.common.json_lines import tell
from backend.common.logging import log_in_words
from shared.errors import ClaraError, family_of

EXIT_REFUSED = 2


def run_told(task: Callable[[], Mapping[str, Any]]) -> int:
    """Do the task; the last line is `{"event": "done", …}` or `{"event": "error", …}`.

    Args:
        task: Returns the facts of the last line.

    Returns:
        0, or 2 if it could not be done for a reason that the last line names.
    """
    try:
        result = task()
    except ClaraError as error:
        tell("error", code=error.code, family=family_of(error), message=error.message)
        return EXIT_REFUSED
    tell("done", **result)
    return 0


def run_told_process(task: Callable[[], Mapping[str, Any]]) -> int:
    """`run_told` as all that a process is there for: a log in words from warnings on, and an orderly end by SIGTERM."""
    log_in_words()
    logging.getLogger().setLevel(logging.WARNING)
    leave_on_sigterm()
    return run_told(task)


def leave_on_sigterm() -> None:
    """Let a SIGTERM leave through the blocks that remove what is half done and give connections back."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
