"""The audit log on SQL."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Engine, func

from shared.database.engine import read_transaction, write_transaction
from shared.database.sql.audit_rows import AUDIT_HEAD, AUDIT_ROWS, head_from, link_from, record_from
from shared.database.sql.audit_writes import write_audit
from shared.database.tables import audit_log
from shared.models.audit import AuditFilter, AuditRecord
from shared.models.audit_chain import GENESIS, AuditHead, AuditLink
from shared.models.events import AuditEntry

_row = audit_log.c


class SqlAuditStore:
    """`AuditStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def append(self, entry: AuditEntry) -> None:
        """See `AuditStore.append`."""
        with write_transaction(self._engine) as connection:
            write_audit(connection, entry)

    def page(
        self, *, object_id: str | None = None, limit: int = 100, after: int | None = None
    ) -> Sequence[tuple[int, AuditEntry]]:
        """See `AuditStore.page`."""
        found = self.records(AuditFilter(object_id=object_id), limit=limit, before=after)
        return [(record.seq, record.entry) for record in found]

    def records(
        self,
        wanted: AuditFilter = AuditFilter(),  # noqa: B008 - frozen and empty
        *,
        limit: int = 100,
        before: int | None = None,
        after: int | None = None,
    ) -> Sequence[AuditRecord]:
        """See `AuditStore.records`."""
        conditions = list(_conditions(wanted))
        if before is not None:
            conditions.append(_row.seq < before)
        if after is not None:
            conditions.append(_row.seq > after)
        order = _row.seq.desc() if after is None else _row.seq
        query = AUDIT_ROWS.where(*conditions).order_by(order).limit(limit)
        with read_transaction(self._engine) as connection:
            return [record_from(row) for row in connection.execute(query).mappings()]

    def head(self) -> AuditHead:
        """See `AuditStore.head`."""
        with read_transaction(self._engine) as connection:
            row = connection.execute(AUDIT_HEAD).mappings().first()
        return AuditHead(0, GENESIS) if row is None else head_from(row)

    def links(self, *, after: int = 0, limit: int = 1000) -> Sequence[AuditLink]:
        """See `AuditStore.links`."""
        query = AUDIT_ROWS.where(_row.seq > after).order_by(_row.seq).limit(limit)
        with read_transaction(self._engine) as connection:
            return [link_from(row) for row in connection.execute(query).mappings()]


def _conditions(wanted: AuditFilter) -> Iterator[ColumnElement[bool]]:
    for name in ("actor", "object_id", "outcome"):
        if (value := getattr(wanted, name)) is not None:
            yield _row[name] == value
    if wanted.action is not None:
        is_noun = wanted.action.endswith(".")
        yield (
            func.substr(_row.action, 1, len(wanted.action)) == wanted.action
            if is_noun
            else _row.action == wanted.action
        )
    if wanted.since is not None:
        yield _row.created_at >= wanted.since
    if wanted.until is not None:
        yield _row.created_at < wanted.until
