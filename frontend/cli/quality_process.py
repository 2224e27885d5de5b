"""Quality over everything that is registered, as a child process: it needs the database and not the services."""

import sys
from collections.abc import Sequence
from typing import Any

from frontend.cli.local_work import WorkErrors, run_work
from frontend.cli.session import Session
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable

MODULE = "backend.datasets.curation"


class QualityFailed(Unavailable):
    """The child could not read or write something, or crashed."""

    code = "quality_failed"


class QualityRefused(InvalidInput):
    """The child found the order wrong: a profile, quantiles, too few texts, a setting."""

    code = "quality_refused"


class QualityInTheWay(Conflict):
    """Something is there already, such as the file of a profile."""

    code = "quality_conflict"


class NoSuchDocument(NotFound):
    """No document of this id is registered."""

    code = "document_not_found"


_ERRORS = WorkErrors(
    "quality.failed",
    failed=QualityFailed,
    refused=QualityRefused,
    conflict=QualityInTheWay,
    not_found=NoSuchDocument,
)


def run_quality(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Do one task; returns the child's last line.

    Raises:
        NoSuchDocument: If a document is named that is not registered.
        QualityInTheWay: If a file would be overwritten.
        QualityRefused: If the order or the settings are wrong.
        QualityFailed: If the database cannot be reached or something not be written.
    """
    return run_work(session, [*command, *arguments], _ERRORS)
