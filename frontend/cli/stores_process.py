"""Looking after the search stores as a child process: it needs the databases and not the services."""

import sys
from collections.abc import Sequence
from typing import Any

from frontend.cli.local_work import WorkErrors, run_work
from frontend.cli.session import Session
from shared.errors import Conflict, InvalidInput, NotFound, Unavailable

MODULE = "backend.datasets.upkeep"


class UpkeepFailed(Unavailable):
    """The child could not reach or write something, or crashed."""

    code = "stores_unavailable"


class UpkeepRefused(InvalidInput):
    """The child found the order or the settings wrong."""

    code = "stores_refused"


class UpkeepInTheWay(Conflict):
    """Something else is using a store."""

    code = "stores_conflict"


class NoSuchStore(NotFound):
    """No search store of this name is configured."""

    code = "unknown_search_store"


_ERRORS = WorkErrors(
    "stores.failed", failed=UpkeepFailed, refused=UpkeepRefused, conflict=UpkeepInTheWay, not_found=NoSuchStore
)


def run_upkeep(
    session: Session, arguments: Sequence[str], *, command: Sequence[str] = (sys.executable, "-m", MODULE)
) -> dict[str, Any]:
    """Do one task; returns the child's last line.

    Raises:
        NoSuchStore: If a store is named that is not configured.
        UpkeepRefused: If the order or the settings are wrong.
        UpkeepFailed: If a database cannot be reached or written.
    """
    return run_work(session, [*command, *arguments], _ERRORS)
