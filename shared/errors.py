"""The one error tree: every failure CLARA raises on purpose is a `ClaraError` of one of five families.

    ClaraError
    ├── NotFound        what was asked for does not exist                     HTTP 404, exit code 4
    ├── Conflict        it exists, but its state forbids what was asked       HTTP 409, exit code 5
    ├── InvalidInput    the request itself cannot be right                    HTTP 422, exit code 2
    ├── NotPermitted    the caller is unknown or lacks the role               HTTP 401/403, exit code 3
    └── Unavailable     something we depend on is down, full or read-only     HTTP 503, exit code 6

Specific errors subclass a family next to the code that raises them, build their own message and carry their context
as keyword fields, which reach the client as members of the problem document.
"""

from typing import ClassVar


class ClaraError(Exception):
    """Base of all deliberate failures.

    Args:
        message: What was asked, what was found and what to do; safe to show to the caller.
        context: Fields for machines (ids, limits, names); never secrets or document text.
    """

    code: ClassVar[str] = "clara_error"

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message = message
        self.context = context


def family_of(error: ClaraError) -> str:
    """Name of the family, for those who learn of an error through a pipe."""
    families = (NotFound, Conflict, InvalidInput, NotPermitted, Unavailable)
    return next((family.__name__ for family in families if isinstance(error, family)), ClaraError.__name__)


class NotFound(ClaraError):
    """What was asked for does not exist (or the caller may not know that it does)."""

    code = "not_found"


class Conflict(ClaraError):
    """The object exists, but its present state forbids what was asked."""

    code = "conflict"


class InvalidInput(ClaraError):
    """The request itself cannot be right, whatever the state of the system."""

    code = "invalid_input"


class NotPermitted(ClaraError):
    """The caller is not known or lacks the role that the action needs."""

    code = "not_permitted"


class Unavailable(ClaraError):
    """Something we depend on (database, disk, store, key server) cannot serve us now."""

    code = "unavailable"
