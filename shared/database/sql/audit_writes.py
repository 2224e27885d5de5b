"""Append to the audit log: the head of the chain moves on, and the new row takes its number, moment and hash from it.

Two statements whose answers nobody waits for. The head is one row, so that writers of all processes come one after the
other; they lock it last, for no longer than their commit takes, and whatever else they lock they have locked before.
"""

from typing import Any

from sqlalchemy import JSON, Connection, Text, bindparam, insert, literal_column, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shared.database.engine import SQLITE_CHAIN
from shared.database.sql.rows import audit_columns
from shared.database.sql_json import dump_json
from shared.database.sql_time import db_now
from shared.database.tables import audit_head, audit_log
from shared.errors import Unavailable
from shared.models.audit_chain import content_of
from shared.models.events import AuditEntry

CONTENT = "of_content"


class AuditHeadMissing(Unavailable):
    """Somebody removed the head of the audit log; nothing is changed that cannot be recorded."""

    code = "audit_head_missing"

    def __init__(self) -> None:
        super().__init__(
            "The head of the audit log is gone, so that nothing can be recorded and nothing is changed. "
            "`clara audit verify` says what is left; restore the database from a backup."
        )


class moment_text(FunctionElement[str]):  # noqa: N801 - reads as the SQL function that it is
    """A moment as the chain writes it: the text that SQLite stores, and the same on PostgreSQL."""

    type = Text()
    inherit_cache = True


class chained(FunctionElement[str]):  # noqa: N801 - as above
    """`audit_chain.linked` in SQL: previous hash, number, moment, content."""

    type = Text()
    inherit_cache = True


@compiles(moment_text, "sqlite")
def _moment_on_sqlite(element: moment_text, compiler: SQLCompiler, **kwargs: Any) -> str:
    return compiler.process(element.clauses, **kwargs)


@compiles(moment_text, "postgresql")
def _moment_on_postgresql(element: moment_text, compiler: SQLCompiler, **kwargs: Any) -> str:
    moment = compiler.process(element.clauses, **kwargs)
    return f"to_char(({moment}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"


@compiles(chained, "sqlite")
def _chained_on_sqlite(element: chained, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"{SQLITE_CHAIN}({compiler.process(element.clauses, **kwargs)})"


@compiles(chained, "postgresql")
def _chained_on_postgresql(element: chained, compiler: SQLCompiler, **kwargs: Any) -> str:
    parts = [compiler.process(clause, **kwargs) for clause in element.clauses]
    joined = " || chr(10) || ".join(f"({part})::text" for part in parts)
    return f"encode(sha256(convert_to({joined}, 'UTF8')), 'hex')"


MOVE_HEAD = update(audit_head).values(
    seq=audit_head.c.seq + 1,
    moved_at=db_now(),
    hash=chained(audit_head.c.hash, audit_head.c.seq + 1, moment_text(db_now()), bindparam(CONTENT, type_=Text())),
)
# parameters have names of their own: a statement of the driver takes those of columns for values to set
_GIVEN = {name: f"of_{name}" for name in audit_log.c.keys() if name not in {"seq", "created_at", "hash"}}  # noqa: SIM118
# an outer join, so that without a head there is a row without a date, which the table refuses: no head, no change
_ONE = select(literal_column("1").label("one")).subquery()
APPEND_AUDIT = insert(audit_log).from_select(
    ["seq", "created_at", "hash", *_GIVEN],
    select(
        audit_head.c.seq,
        audit_head.c.moved_at,
        audit_head.c.hash,
        *(bindparam(given, type_=JSON() if name == "detail" else Text()) for name, given in _GIVEN.items()),
    ).select_from(_ONE.outerjoin(audit_head, audit_head.c.chain == _ONE.c.one)),
)


def audit_values(entry: AuditEntry) -> dict[str, Any]:
    """Parameters of `APPEND_AUDIT`, with the one of `MOVE_HEAD` among them."""
    columns = audit_columns(entry)
    content = content_of({**columns, "detail": dump_json(columns["detail"])})
    return {CONTENT: content, **{given: columns[name] for name, given in _GIVEN.items()}}


def write_audit(connection: Connection, entry: AuditEntry) -> None:
    """Append an entry inside the transaction of the change that it records, as the last thing that it does."""
    values = audit_values(entry)
    if connection.execute(MOVE_HEAD, {CONTENT: values.pop(CONTENT)}).rowcount != 1:
        raise AuditHeadMissing
    connection.execute(APPEND_AUDIT, values)
