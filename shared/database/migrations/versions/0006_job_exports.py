"""Which ended jobs were exported to where; a job without a row here was not.

Revision 0006, follows 0005.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from shared.database.sql_time import UtcDateTime

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "job_exports",
        sa.Column("job_id", sa.Text(), sa.ForeignKey("jobs.job_id", name="fk_job_exports_job_id"), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.Column("exported_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("job_id", "destination", name="pk_job_exports"),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_table("job_exports")
