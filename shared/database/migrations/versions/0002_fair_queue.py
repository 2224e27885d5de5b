"""Jobs that survive anything: counted failures, heartbeats by number, a fair queue, pauses and idempotency keys.

Revision 0002, follows 0001. Waiting jobs keep the order that they had: priority, then age.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _columns() -> list[sa.Column[Any]]:
    """Made anew for every use: a column belongs to one table."""
    return [
        sa.Column("crash_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("queue_rank", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("beat", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("checkpoint_epoch", sa.Integer(), nullable=False, server_default="0"),
    ]


def upgrade() -> None:
    """Go forward."""
    for column in _columns():
        op.add_column("jobs", column)
    op.drop_index("ix_jobs_claim", table_name="jobs")
    op.execute("UPDATE jobs SET queue_rank = -10 * (priority - 1)")
    op.create_index("ix_jobs_queue", "jobs", ["status", "is_paused", "queue_rank", "created_at", "job_id"])
    op.create_index("ix_jobs_share", "jobs", ["created_by", "priority", "turn"])
    op.create_index("ix_jobs_turn", "jobs", ["turn"])
    op.create_index("ix_jobs_active", "jobs", ["created_by", "status"])
    op.create_table(
        "idempotency_keys",
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.job_id"], name=op.f("fk_idempotency_keys_job_id")),
        sa.PrimaryKeyConstraint("user", "key", name=op.f("pk_idempotency_keys")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("idempotency_keys")
    for name in ("ix_jobs_queue", "ix_jobs_share", "ix_jobs_turn", "ix_jobs_active"):
        op.drop_index(name, table_name="jobs")
    with op.batch_alter_table("jobs") as jobs:
        for column in _columns():
            jobs.drop_column(column.name)
    op.create_index("ix_jobs_claim", "jobs", ["status", sa.text("priority DESC"), "created_at", "job_id"])
