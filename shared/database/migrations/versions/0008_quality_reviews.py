"""What people decided about texts that quality doubts.

Revision 0008, follows 0007. The way down drops it: an older schema has no place for rulings.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "quality_reviews",
        sa.Column("text_key", sa.Text(), nullable=False),
        sa.Column("section_id", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("first_reason", sa.Text(), nullable=False),
        sa.Column("profile_version", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'kept', 'rejected')", name=op.f("ck_quality_reviews_state_known")),
        sa.CheckConstraint(
            "(state = 'open') = (decided_by IS NULL AND decided_at IS NULL)",
            name=op.f("ck_quality_reviews_decided_has_author"),
        ),
        sa.PrimaryKeyConstraint("text_key", name=op.f("pk_quality_reviews")),
    )
    op.create_index("ix_quality_reviews_state", "quality_reviews", ["state", "score", "text_key"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("quality_reviews")
