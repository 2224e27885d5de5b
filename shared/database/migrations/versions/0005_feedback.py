"""Feedback, and which adapter is the active one of its base model.

Revision 0005, follows 0004. The way down drops both: an older schema has no place for them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "promotions",
        sa.Column("number", sequence, autoincrement=True, nullable=False),
        sa.Column("base_model", sa.Text(), nullable=False),
        sa.Column("adapter_id", sa.Text(), nullable=False),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.Column("promoted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("promoted_by", sa.Text(), nullable=False),
        sa.Column("is_override", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["adapter_id"], ["adapters.adapter_id"], name=op.f("fk_promotions_adapter_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_promotions")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_promotions_base_model", "promotions", ["base_model", "number"])
    op.create_table(
        "feedback",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("feedback_id", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("importance", sa.Integer(), nullable=False),
        sa.Column("adapter_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("correction", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('accepted', 'rejected')", name=op.f("ck_feedback_state_known")),
        sa.CheckConstraint("score BETWEEN -1 AND 1", name=op.f("ck_feedback_score_range")),
        sa.CheckConstraint("importance BETWEEN 1 AND 5", name=op.f("ck_feedback_importance_range")),
        sa.CheckConstraint(
            "(state = 'rejected') = (reason IS NOT NULL)", name=op.f("ck_feedback_rejected_has_reason")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_feedback")),
        sa.UniqueConstraint("feedback_id", name=op.f("uq_feedback_feedback_id")),
        sa.UniqueConstraint("content_sha256", name=op.f("uq_feedback_content_sha256")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("feedback")
    op.drop_table("promotions")
