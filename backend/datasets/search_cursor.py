"""Where the next page of a search begins: a rank, bound to the query that it belongs to."""

import hashlib

from backend.datasets.models import SearchPageRequest
from shared.errors import InvalidInput


class InvalidCursor(InvalidInput):
    """An `after` that no page of this query ended with."""

    code = "invalid_cursor"

    def __init__(self, after: str) -> None:
        super().__init__(
            f"'{after}' is no next_after of this query; give the query exactly as it was, or leave 'after' out.",
            after=after,
        )


def cursor_of(request: SearchPageRequest, rank: int) -> str:
    """The cursor of the page behind a rank."""
    return f"{rank}-{_digest(request)}"


def rank_of(request: SearchPageRequest) -> int:
    """Behind which rank the asked page begins.

    Raises:
        InvalidCursor: If `after` belongs to another query.
    """
    if request.after is None:
        return 0
    rank, _, digest = request.after.partition("-")
    if not (rank.isascii() and rank.isdecimal()) or digest != _digest(request) or len(rank) > len("100000"):
        raise InvalidCursor(request.after)
    return int(rank)


def _digest(request: SearchPageRequest) -> str:
    query = request.model_dump_json(exclude={"after", "limit"})
    return hashlib.sha256(query.encode()).hexdigest()[:16]
