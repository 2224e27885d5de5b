"""The evaluation of the search as a child process: it fills stores of its own and needs no service."""

import sys
from collections.abc import Sequence
from typing import Any

from frontend.cli.local_work import WorkErrors, run_work
from frontend.cli.session import Session
from shared.errors import InvalidInput, Unavailable

MODULE = "backend.datasets.search_evaluation"


class EvaluationFailed(Unavailable):
    """The child crashed, or lacks a store, space or packages."""

    code = "evaluation_failed"


class EvaluationRefused(InvalidInput):
    """The child found the order wrong: a set, a file, a folder, a setting."""

    code = "evaluation_refused"


_ERRORS = WorkErrors(
    "evaluation.failed",
    failed=EvaluationFailed,
    refused=EvaluationRefused,
    conflict=EvaluationRefused,
    not_found=EvaluationRefused,
)


def run_search_evaluation(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Measure; returns the figures.

    Raises:
        EvaluationRefused: If the order is wrong.
        EvaluationFailed: If a store cannot serve or the child crashed.
    """
    return run_work(session, [*command, *arguments], _ERRORS)
