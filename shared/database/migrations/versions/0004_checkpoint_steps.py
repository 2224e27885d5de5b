"""How far a job's farthest checkpoint is: an attempt that gets no farther has made no progress, however often it saves.

Revision 0004, follows 0003. Jobs that exist get the step of their farthest registered checkpoint.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_FARTHEST = "(SELECT max(step) FROM checkpoints WHERE checkpoints.job_id = jobs.job_id)"


def upgrade() -> None:
    """Go forward."""
    op.add_column("jobs", sa.Column("checkpoint_step", sa.Integer(), nullable=False, server_default="0"))
    op.execute(f"UPDATE jobs SET checkpoint_step = coalesce({_FARTHEST}, 0)")


def downgrade() -> None:
    """Go back."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("checkpoint_step")
