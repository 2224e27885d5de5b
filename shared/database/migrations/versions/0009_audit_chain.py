"""The audit log becomes a chain of hashes without gaps; keys for scripts.

Revision 0009, follows 0008. Rows that exist are numbered 1, 2, 3 … in their order and chained; from then on nobody can
change one unnoticed. The way down drops hashes, roles, addresses and keys.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.database.sql_json import dump_json
from shared.database.sql_time import UtcDateTime, db_now

# safe to import: the format can never change, or no row written before would fit
from shared.models.audit_chain import GENESIS, content_of, linked

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_BATCH = 1000
_LOG = sa.table(
    "audit_log",
    sa.column("seq", sa.BigInteger),
    sa.column("created_at", UtcDateTime),
    *(sa.column(name, sa.Text) for name in ("actor", "action", "object_type", "object_id", "outcome", "request_id")),
    sa.column("detail", sa.JSON),
    sa.column("roles", sa.Text),
    sa.column("address", sa.Text),
    sa.column("hash", sa.Text),
)


def upgrade() -> None:
    """Go forward."""
    op.add_column("audit_log", sa.Column("roles", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.add_column("audit_log", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("audit_log", sa.Column("hash", sa.Text(), nullable=False, server_default=sa.text("''")))
    seq, last = _chain(op.get_bind())
    _create_head(seq, last)
    _create_api_keys()


def downgrade() -> None:
    """Go back."""
    op.drop_table("api_keys")
    op.drop_table("audit_head")
    for column in ("hash", "address", "roles"):
        # natively: Alembic would copy the whole log on SQLite
        op.execute(f"ALTER TABLE audit_log DROP COLUMN {column}")


def _chain(connection: sa.Connection) -> tuple[int, str]:
    """Number and hash every row; returns those of the last."""
    seq, last = 0, GENESIS
    for batch in _batches(connection):
        changes = []
        for row in batch:
            seq += 1
            # in the very words of dump_json, since the stored text is what counts from now on
            detail = dump_json(row["detail"])
            columns = {**row, "detail": detail, "roles": "", "address": None}
            moment = row["created_at"].strftime("%Y-%m-%d %H:%M:%S.%f")
            last = linked(last, seq, moment, content_of(columns))
            changes.append({"was": row["seq"], "seq": seq, "hash": last, "detail": row["detail"]})
        statement = sa.update(_LOG).where(_LOG.c.seq == sa.bindparam("was"))
        connection.execute(statement, changes)
    return seq, last


def _batches(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    # numbers only get smaller, so rows that are done never come back
    after = -1
    while True:
        query = sa.select(_LOG).where(_LOG.c.seq > after).order_by(_LOG.c.seq).limit(_BATCH)
        rows = connection.execute(query).mappings().all()
        if not rows:
            return
        after = rows[-1]["seq"]
        yield rows


def _create_head(seq: int, last: str) -> None:
    head = op.create_table(
        "audit_head",
        sa.Column("chain", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", UtcDateTime(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.CheckConstraint("chain = 1", name=op.f("ck_audit_head_one_chain")),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_head")),
    )
    op.get_bind().execute(head.insert().values(chain=1, seq=seq, moved_at=db_now(), hash=last))


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_api_keys_revoked_has_author")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_created_at", "api_keys", ["created_at", "key_id"])
