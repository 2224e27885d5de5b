"""What changed in a table since somebody looked, told by numbers that follow the order of commits and by no clock.

On SQLite there is one writer at a time, so counting on from the highest number is enough. On PostgreSQL a later number
may be committed before an earlier one: there a change carries the number of its transaction, and whoever looks goes on
at the oldest transaction that was still open then (what it wrote may be told twice, never not at all).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Table, and_, bindparam, literal_column, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shared.database.base import Changes


class _Number(FunctionElement[int]):
    """A number of the column `change_no` of a table."""

    type = BigInteger()
    inherit_cache = True

    def __init__(self, table: Table) -> None:
        super().__init__(literal_column(table.name))


class change_number(_Number):  # noqa: N801 - reads as the SQL function that it is
    """The number of a change that is being written."""

    inherit_cache = True


class _cursor(_Number):  # noqa: N801 - as above
    """The smallest number that changes not yet visible may have."""

    inherit_cache = True


class _end(_Number):  # noqa: N801 - as above
    """A number above those of all visible changes; rows of a restored dump may have numbers of another server."""

    inherit_cache = True


@compiles(change_number, "sqlite")
@compiles(_cursor, "sqlite")
@compiles(_end, "sqlite")
def _next_on_sqlite(element: _Number, compiler: SQLCompiler, **_: Any) -> str:
    table = compiler.process(element.clauses)
    return f"(SELECT coalesce(max(change_no), 0) + 1 FROM {table})"  # noqa: S608 - the name of one of our tables


@compiles(change_number, "postgresql")
def _number_on_postgresql(_element: change_number, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(_cursor, "postgresql")
def _cursor_on_postgresql(_element: _cursor, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@compiles(_end, "postgresql")
def _end_on_postgresql(_element: _end, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


class ChangeFeed:
    """The changes of one table.

    Args:
        table: Has `status`, `event_seq` and an indexed `change_no`.
        key: Its primary key.
        active: Values of `status` of what has not ended.
    """

    def __init__(self, table: Table, key: Column[str], active: Iterable[str]) -> None:
        now = select(_cursor(table).label("cursor")).subquery()
        heads = select(now.c.cursor, key, table.c.event_seq)
        changed = and_(table.c.change_no >= bindparam("since", type_=BigInteger), table.c.change_no < _end(table))
        self._changed = heads.select_from(now.outerjoin(table, changed))
        self._unfinished = heads.select_from(now.outerjoin(table, table.c.status.in_(list(active))))

    def since(self, connection: Connection, cursor: int | None) -> Changes:
        """Heads and the next cursor from one statement, so that both are of the same moment."""
        asked = connection.execute(self._unfinished) if cursor is None else None
        found = asked or connection.execute(self._changed, {"since": cursor})
        rows = found.all()
        return Changes({key: seq for _, key, seq in rows if key is not None}, rows[0][0])
