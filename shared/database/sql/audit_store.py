"""The audit log on SQL."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, select

from shared.database.engine import read_transaction, write_transaction
from shared.database.sql.rows import audit_columns, audit_from
from shared.database.sql_time import db_now
from shared.database.tables import audit_log
from shared.models.events import AuditEntry

APPEND_AUDIT = insert(audit_log).values(created_at=db_now())


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
        query = select(audit_log).order_by(audit_log.c.seq.desc()).limit(limit)
        if object_id is not None:
            query = query.where(audit_log.c.object_id == object_id)
        if after is not None:
            query = query.where(audit_log.c.seq < after)
        with read_transaction(self._engine) as connection:
            return [audit_from(row) for row in connection.execute(query).mappings()]


def write_audit(connection: Connection, entry: AuditEntry) -> None:
    """Append an entry inside the transaction of the change that it records."""
    connection.execute(APPEND_AUDIT, audit_columns(entry))
