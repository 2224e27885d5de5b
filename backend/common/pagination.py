"""The parameters of every list: `limit` entries `after` a cursor."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description=f"Entries per page, 1 to {MAX_LIMIT}.")]
After = Annotated[
    str | None, Query(min_length=1, max_length=200, description="`next_after` of the page before; omit for the first.")
]


def next_after(rows: Sequence[T], limit: int, cursor: Callable[[T], str]) -> str | None:
    """Cursor of the next page, where one row more than `limit` was asked of the store; None on the last page."""
    return cursor(rows[limit - 1]) if len(rows) > limit else None
