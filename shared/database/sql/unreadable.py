"""A waiting job whose row nobody can read must not hold up the others: it fails, with the reason.

Such rows are made by hands in the database, or by a newer version that was taken back. Looked for only after reading
the queue has failed, so it costs nothing while all is well.
"""

import logging

from sqlalchemy import Engine, select

from shared.database.engine import read_transaction
from shared.database.job_changes import unreadable
from shared.database.sql.driver import driver_transaction
from shared.database.sql.job_writes import apply, as_seen
from shared.database.sql.rows import job_from
from shared.database.tables import jobs
from shared.models.job import JobStatus

logger = logging.getLogger(__name__)

UNREADABLE = (ValueError, TypeError, KeyError)
"""What reading a row raises if its values are none of ours."""

_WAITING = (JobStatus.PENDING, JobStatus.QUEUED)


def set_unreadable_aside(engine: Engine) -> int:
    """Fail every waiting job that cannot be read, and return how many there were.

    Raises:
        Unavailable: If the database cannot serve.
    """
    query = select(jobs.c.job_id, jobs.c.version, jobs.c.status).where(jobs.c.status.in_(_WAITING))
    with read_transaction(engine) as connection:
        waiting = connection.execute(query).all()
    return sum(_set_aside(engine, row.job_id, row.version, JobStatus(row.status)) for row in waiting)


def _set_aside(engine: Engine, job_id: str, version: int, status: JobStatus) -> bool:
    reason = _why_unreadable(engine, job_id)
    if reason is None:
        return False
    with driver_transaction(engine) as tx:
        is_done = apply(tx, as_seen(job_id, version, status), unreadable(job_id, reason)) is not None
    logger.error("job.unreadable", extra={"job_id": job_id, "reason": reason})
    return is_done


def _why_unreadable(engine: Engine, job_id: str) -> str | None:
    try:
        with read_transaction(engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.job_id == job_id)).mappings().one_or_none()
            if row is not None:
                job_from(row)
    except UNREADABLE as error:
        return f"{type(error).__name__}: {error}"
    return None
