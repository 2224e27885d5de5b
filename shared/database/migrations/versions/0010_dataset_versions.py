"""Datasets have versions in lines, events, and can be withdrawn.

Revision 0010, follows 0009. Datasets that exist are the first version of a line of their own, without events.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _columns() -> list[sa.Column[Any]]:
    """Made anew for every use: a column belongs to one table."""
    return [
        sa.Column("fruitless_claims", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("line_id", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("version_number", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("version_sha256", sa.Text(), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("change_no", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
    ]


def upgrade() -> None:
    """Go forward."""
    for column in _columns():
        op.add_column("datasets", column)
    op.execute("UPDATE datasets SET line_id = dataset_id")
    op.create_index("ix_datasets_change_no", "datasets", ["change_no"])
    op.create_index("ix_datasets_line", "datasets", ["line_id", "version_number"], unique=True)
    op.create_table(
        "dataset_lines",
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_dataset_lines")),
    )
    op.execute("INSERT INTO dataset_lines (line_id, last_number) SELECT dataset_id, 1 FROM datasets")
    op.create_table(
        "dataset_events",
        sa.Column("dataset_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("type IN ('status', 'stage', 'progress')", name=op.f("ck_dataset_events_type_known")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.dataset_id"], name=op.f("fk_dataset_events_dataset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset_id", "seq", name=op.f("pk_dataset_events")),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("dataset_events")
    op.drop_table("dataset_lines")
    op.drop_index("ix_datasets_line", table_name="datasets")
    op.drop_index("ix_datasets_change_no", table_name="datasets")
    with op.batch_alter_table("datasets") as datasets:
        for column in _columns():
            datasets.drop_column(column.name)
