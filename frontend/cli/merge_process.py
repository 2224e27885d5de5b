"""Merging an adapter as a child process."""

import sys
from collections.abc import Sequence
from typing import Any

from frontend.cli.local_work import WorkErrors, run_work
from frontend.cli.session import Session
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable

MODULE = "backend.training.merging"


class MergeFailed(Unavailable):
    """The child ended without a model: it crashed, or lacks space, memory, packages or the database."""

    code = "merge_failed"


class MergeInTheWay(Conflict):
    """Something is not as it has to be: the name is taken, the adapter damaged, the base model another one."""

    code = "merge_conflict"


class MergeRefused(InvalidInput):
    """The child found the order wrong, e.g. a base model that is quantised on disk."""

    code = "merge_refused"


class NothingToMerge(NotFound):
    """There is no such adapter, or its base model is gone."""

    code = "nothing_to_merge"


_ERRORS = WorkErrors(
    "merge.failed", failed=MergeFailed, refused=MergeRefused, conflict=MergeInTheWay, not_found=NothingToMerge
)


def run_merge(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Merge; returns the child's last line.

    Raises:
        MergeInTheWay: The name is taken, the adapter damaged or the base model another one.
        NothingToMerge: There is no such adapter or base model.
        MergeRefused: The order was wrong.
        MergeFailed: The child crashed or lacks something.
    """
    return run_work(session, [*command, *arguments], _ERRORS)
