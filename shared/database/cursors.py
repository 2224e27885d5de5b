"""Cursors of newest-first lists: they name a place, not a row, so that a list goes on where a row was deleted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MARK = "@"
_LONGEST = 18


class Place(NamedTuple):
    """Where a row stands, or stood.

    Args:
        created_at: When it was made.
        key: Its id; decides between rows of the same moment.
    """

    created_at: datetime
    key: str


def cursor_of(place: Place) -> str:
    """The cursor after which the rows that follow a place begin."""
    return f"{place.key}{_MARK}{(place.created_at - _EPOCH) // _MICROSECOND}"


def place_of(cursor: str, find: Callable[[str], datetime]) -> Place:
    """The place that a cursor names; the id of a row does as well.

    Args:
        cursor: Of `cursor_of`, or an id.
        find: When the row of an id was made; raises what it does where there is none.
    """
    key, mark, moment = cursor.rpartition(_MARK)
    if mark and moment.isascii() and moment.isdecimal() and len(moment) < _LONGEST:
        return Place(_EPOCH + int(moment) * _MICROSECOND, key)
    return Place(find(cursor), cursor)
