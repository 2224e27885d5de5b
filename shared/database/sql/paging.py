"""Newest-first lists that stay put while rows are added: pages by key, not by offset."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Column, Connection, RowMapping, Select, Table, and_, func, or_, select

from shared.database.base import Page

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

    `query` selects all columns of `table` with its filter in place; the `key` of the last row becomes the cursor, and
    `unknown` makes the error for a cursor that names no row.
    """
    created_at = table.c.created_at
    total = connection.scalar(select(func.count()).select_from(query.subquery())) or 0
    if after is not None:
        start = connection.execute(select(created_at).where(key == after)).scalar_one_or_none()
        if start is None:
            raise unknown(after)
        query = query.where(or_(created_at < start, and_(created_at == start, key < after)))
    rows = connection.execute(query.order_by(created_at.desc(), key.desc()).limit(limit + 1)).mappings().all()
    items = [value_from(row) for row in rows[:limit]]
    return Page(items, next_after=rows[limit - 1][key.name] if len(rows) > limit else None, total=total)
