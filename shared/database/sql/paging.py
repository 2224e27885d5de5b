"""Newest-first lists that stay put while rows are added: pages by key, not by offset."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Select, Table, and_, func, or_, select

from shared.database.base import Page
from shared.database.cursors import Place, cursor_of, place_of

T = TypeVar("T")


def newest_first(
    connection: Connection,
    query: Select[Any],
    table: Table,
    key: Column[Any],
    *,
    limit: int,
    after: str | None,
    unknown: Callable[[str], Exception],
    value_from: Callable[[RowMapping], T],
) -> Page[T]:
    """A page of `query` ordered by creation, newest first, rows of the same moment by id.

    `query` selects all columns of `table` with its filter in place; the place of the last row becomes the cursor, and
    `unknown` makes the error for a cursor that is none and names no row either.
    """
    created_at = table.c.created_at

    def made_at(asked: str) -> datetime:
        found: datetime | None = connection.execute(select(created_at).where(key == asked)).scalar_one_or_none()
        if found is None:
            raise unknown(asked)
        return found

    total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
    if after is not None:
        start = place_of(after, made_at)
        query = query.where(or_(created_at < start.created_at, and_(created_at == start.created_at, key < start.key)))
    rows = connection.execute(query.order_by(created_at.desc(), key.desc()).limit(limit + 1)).mappings().all()
    items = [value_from(row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else cursor_of(Place(last["created_at"], last[key.name]))
    return Page(items, next_after=cursor, total=total)
