"""Which jobs changed since somebody looked, told by numbers that follow the order of commits and by no clock.

On SQLite there is one writer at a time, so counting on from the highest number is enough. On PostgreSQL a later number
may be committed before an earlier one: there a change carries the number of its transaction, and whoever looks goes on
at the oldest transaction that was still open then (what it wrote may be told twice, never not at all).
"""

from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shared.database.base import JobChanges
from shared.database.tables import jobs
from shared.models.job import JobStatus

_ACTIVE = [status.value for status in JobStatus if not status.is_terminal]


class change_number(FunctionElement[int]):  # noqa: N801 - reads as the SQL function that it is
    """The number of a change that is being written."""

    type = BigInteger()
    inherit_cache = True


class _cursor(FunctionElement[int]):  # noqa: N801 - as above
    """The smallest number that changes not yet visible may have."""

    type = BigInteger()
    inherit_cache = True


class _end(FunctionElement[int]):  # noqa: N801 - as above
    """A number above those of all visible changes; rows of a restored dump may have numbers of another server."""

    type = BigInteger()
    inherit_cache = True


@compiles(change_number, "sqlite")
@compiles(_cursor, "sqlite")
@compiles(_end, "sqlite")
def _next_on_sqlite(_element: FunctionElement[int], _compiler: SQLCompiler, **_: Any) -> str:
    return "(SELECT coalesce(max(change_no), 0) + 1 FROM jobs)"


@compiles(change_number, "postgresql")
def _number_on_postgresql(_element: change_number, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(_cursor, "postgresql")
def _cursor_on_postgresql(_element: _cursor, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


@compiles(_end, "postgresql")
def _end_on_postgresql(_element: _end, _compiler: SQLCompiler, **_: Any) -> str:
    return "pg_snapshot_xmax(pg_current_snapshot())::text::bigint"


_NOW = select(_cursor().label("cursor")).subquery()
_HEADS = select(_NOW.c.cursor, jobs.c.job_id, jobs.c.event_seq)
_CHANGED = _HEADS.select_from(
    _NOW.outerjoin(jobs, and_(jobs.c.change_no >= bindparam("since", type_=BigInteger), jobs.c.change_no < _end()))
)
_UNFINISHED = _HEADS.select_from(_NOW.outerjoin(jobs, jobs.c.status.in_(_ACTIVE)))


def changes_since(connection: Connection, cursor: int | None) -> JobChanges:
    """Heads and the next cursor from one statement, so that both are of the same moment."""
    found = connection.execute(_UNFINISHED) if cursor is None else connection.execute(_CHANGED, {"since": cursor})
    rows = found.all()
    return JobChanges({job_id: seq for _, job_id, seq in rows if job_id is not None}, rows[0][0])
