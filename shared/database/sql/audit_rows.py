"""Rows of the audit log as they are stored: those that somebody edited are read too, and told from our own.

SQLite keeps any kind of value in any column. A blob with the bytes of a text looks like that text to every cast, though
nothing of ours wrote it, so that a row says besides its texts whether they are texts.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, RowMapping, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType

from shared.database.sql.audit_writes import moment_text
from shared.database.tables import audit_head, audit_log
from shared.models.audit import AuditRecord
from shared.models.audit_chain import CHAINED, AuditHead, AuditLink
from shared.models.events import AuditEntry
from shared.models.storable_text import storable

_row = audit_log.c
_TEXTS = ("moment", "hash", *CHAINED)
_YEARS = range(1970, 9999)  # moments of these can be told in every time zone


class stored_text(FunctionElement[Any]):  # noqa: N801 - reads as the SQL function that it is
    """What a column holds: its bytes on SQLite, which no driver has to decode, its text on PostgreSQL."""

    type = NullType()
    inherit_cache = True


class are_texts(FunctionElement[bool]):  # noqa: N801 - as above
    """Whether columns hold texts or nothing; PostgreSQL sees to that itself."""

    type = Boolean()
    inherit_cache = True


@compiles(stored_text, "sqlite")
def _bytes_on_sqlite(element: stored_text, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kwargs)} AS BLOB)"


@compiles(stored_text, "postgresql")
def _text_on_postgresql(element: stored_text, compiler: SQLCompiler, **kwargs: Any) -> str:
    return f"({compiler.process(element.clauses, **kwargs)})::text"


@compiles(are_texts, "sqlite")
def _kinds_on_sqlite(element: are_texts, compiler: SQLCompiler, **kwargs: Any) -> str:
    columns = [compiler.process(clause, **kwargs) for clause in element.clauses]
    return "(" + " AND ".join(f"typeof({column}) IN ('text', 'null')" for column in columns) + ")"


@compiles(are_texts, "postgresql")
def _kinds_on_postgresql(element: are_texts, compiler: SQLCompiler, **kwargs: Any) -> str:
    return "TRUE"


AUDIT_ROWS = select(
    _row.seq,
    are_texts(_row.created_at, _row.hash, *(_row[name] for name in CHAINED)).label("are_texts"),
    stored_text(moment_text(_row.created_at)).label("moment"),
    stored_text(_row.hash).label("hash"),
    *(stored_text(_row[name]).label(name) for name in CHAINED),
)
"""Rows for `link_from` and `record_from`."""

AUDIT_HEAD = select(
    audit_head.c.seq, are_texts(audit_head.c.hash).label("are_texts"), stored_text(audit_head.c.hash).label("hash")
)
"""The row for `head_from`."""


def link_from(row: RowMapping) -> AuditLink:
    """A row as the chain sees it."""
    texts = {name: _legible(row[name]) for name in _TEXTS}
    is_written = bool(row["are_texts"]) and all(_is_text(row[name]) for name in _TEXTS)
    columns = {name: texts[name] for name in CHAINED}
    return AuditLink(row["seq"], texts["moment"] or "", columns, texts["hash"] or "", is_text=is_written)


def record_from(row: RowMapping) -> AuditRecord:
    """The entry of a row; what cannot be read is shown as far as it can be, never an error for the rows beside it."""
    texts = {name: storable(_legible(row[name])) for name in _TEXTS if name != "detail"}
    roles = texts["roles"]
    entry = AuditEntry(
        action=texts["action"] or "",
        object_type=texts["object_type"] or "",
        object_id=texts["object_id"] or "",
        actor=texts["actor"] or "",
        outcome=texts["outcome"] or "",
        detail=_detail(_legible(row["detail"]) or ""),
        request_id=texts["request_id"],
        created_at=_moment(texts["moment"] or ""),
        roles=tuple(roles.split(",")) if roles else (),
        address=texts["address"],
    )
    return AuditRecord(row["seq"], entry, texts["hash"] or "")


def head_from(row: RowMapping) -> AuditHead:
    """The head of the chain; one that is not as we write it equals no other."""
    seq, text = row["seq"], _legible(row["hash"]) or ""
    is_written = bool(row["are_texts"]) and _is_text(row["hash"])
    return AuditHead(seq if isinstance(seq, int) else 0, text if is_written else f"no text: {text}")


def _legible(value: Any) -> str | None:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


def _is_text(value: Any) -> bool:
    if isinstance(value, bytes):
        try:
            value.decode("utf-8")
        except UnicodeDecodeError:
            return False
    return True


def _detail(text: str) -> Mapping[str, Any]:
    try:
        found = storable(json.loads(text))
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"unreadable": storable(text)}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year in _YEARS else None
