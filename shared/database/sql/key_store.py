"""Keys for scripts on SQL."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, RowMapping, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from shared.database.base import Page
from shared.database.engine import read_transaction, write_transaction
from shared.database.key_store import KeyNotFound, KeyRevoked
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.paging import newest_first
from shared.database.sql_time import db_now
from shared.database.tables import api_keys
from shared.errors import Conflict
from shared.models.api_key import ApiKey, StoredKey
from shared.models.events import AuditEntry
from shared.models.users import Role

_row = api_keys.c
_PLAIN = ("key_id", "name", "created_at", "created_by", "expires_at", "revoked_at", "revoked_by", "last_used_at")


class SqlKeyStore:
    """`KeyStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, key: StoredKey, *, audit: AuditEntry) -> ApiKey:
        """See `KeyStore.add`."""
        columns = {name: getattr(key.key, name) for name in _PLAIN}
        roles = ",".join(sorted(key.key.roles))
        try:
            with write_transaction(self._engine) as connection:
                connection.execute(insert(api_keys).values(**columns, roles=roles, secret_sha256=key.secret_sha256))
                write_audit(connection, audit)
        except IntegrityError as exc:
            raise Conflict(f"A key with the id '{key.key.key_id}' exists already.", key_id=key.key.key_id) from exc
        return key.key

    def find(self, key_id: str) -> StoredKey | None:
        """See `KeyStore.find`."""
        with read_transaction(self._engine) as connection:
            row = connection.execute(select(api_keys).where(_row.key_id == key_id)).mappings().one_or_none()
        return None if row is None else StoredKey(_key(row), row["secret_sha256"])

    def page(self, *, limit: int = 50, after: str | None = None) -> Page[ApiKey]:
        """See `KeyStore.page`."""
        with read_transaction(self._engine) as connection:
            return newest_first(
                connection,
                select(api_keys),
                api_keys,
                _row.key_id,
                limit=limit,
                after=after,
                unknown=KeyNotFound,
                value_from=_key,
            )

    def revoke(self, key_id: str, *, by: str, audit: AuditEntry) -> ApiKey:
        """See `KeyStore.revoke`."""
        with write_transaction(self._engine) as connection:
            key = _locked(connection, key_id)
            if key.revoked_at is not None:
                raise KeyRevoked(key)
            values = {"revoked_at": db_now(), "revoked_by": by}
            statement = update(api_keys).where(_row.key_id == key_id).values(**values).returning(*_row)
            key = _key(connection.execute(statement).mappings().one())
            write_audit(connection, audit)
        return key

    def note_uses(self, uses: Mapping[str, datetime]) -> None:
        """See `KeyStore.note_uses`."""
        if not uses:
            return
        with write_transaction(self._engine) as connection:
            for key_id, moment in sorted(uses.items()):
                is_news = or_(_row.last_used_at.is_(None), _row.last_used_at < moment)
                connection.execute(update(api_keys).where(_row.key_id == key_id, is_news).values(last_used_at=moment))


def _locked(connection: Connection, key_id: str) -> ApiKey:
    query = select(api_keys).where(_row.key_id == key_id).with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise KeyNotFound(key_id)
    return _key(row)


def _key(row: RowMapping) -> ApiKey:
    roles = frozenset(Role(name) for name in row["roles"].split(",") if name)
    return ApiKey(**{name: row[name] for name in _PLAIN}, roles=roles)
