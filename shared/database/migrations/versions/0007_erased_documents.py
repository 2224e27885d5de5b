"""Erased documents keep their id, path and a last version number, so that nothing late brings them back.

Revision 0007, follows 0006.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from shared.database.sql_time import UtcDateTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "erased_documents",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("erased_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_erased_documents"),
        sa.UniqueConstraint("source", "path", name="uq_erased_documents_source_path"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("erased_documents")
