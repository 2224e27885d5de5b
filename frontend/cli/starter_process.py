"""The making of a starter model as a child process."""

import sys
from collections.abc import Sequence
from typing import Any

from frontend.cli.local_work import WorkErrors, run_work
from frontend.cli.session import Session
from shared.errors import Conflict, InvalidInput, Unavailable

MODULE = "backend.training.starter"


class StarterFailed(Unavailable):
    """The child ended without a model: it crashed, or lacks space, packages or the database."""

    code = "starter_failed"


class StarterExists(Conflict):
    """A model of this name is there already; models are never overwritten."""

    code = "starter_exists"


class StarterRefused(InvalidInput):
    """The child found the order wrong, e.g. too few documents."""

    code = "starter_refused"


_ERRORS = WorkErrors(
    "starter.failed", failed=StarterFailed, refused=StarterRefused, conflict=StarterExists, not_found=StarterRefused
)


def run_starter(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Make the model; returns the child's last line.

    Raises:
        StarterExists: The name is taken.
        StarterRefused: The order was wrong.
        StarterFailed: The child crashed or lacks something.
    """
    return run_work(session, [*command, *arguments], _ERRORS)
