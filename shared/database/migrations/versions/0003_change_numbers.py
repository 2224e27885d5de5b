"""Changes of jobs are found by number: no clock decides which of them a live listener sees.

Revision 0003, follows 0002. Jobs that exist get the number 0, below that of every change to come.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("jobs", sa.Column("change_no", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("ix_jobs_change_no", "jobs", ["change_no"])
    op.drop_index("ix_jobs_updated_at", table_name="jobs")


def downgrade() -> None:
    """Go back."""
    op.create_index("ix_jobs_updated_at", "jobs", ["updated_at"])
    op.drop_index("ix_jobs_change_no", table_name="jobs")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("change_no")
