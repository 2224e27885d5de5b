"""Carry out a change of a job: row, event, audit entry and attempt in the caller's transaction."""

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from shared.database.job_changes import LONGEST_PAUSE_S, JobChange, event_payload
from shared.database.sql.audit_store import write_audit
from shared.database.sql.job_feed import change_number
from shared.database.sql.rows import event_from, job_columns, job_from, plain
from shared.database.sql_time import db_now
from shared.database.tables import attempts, job_events, jobs
from shared.models.events import JobEvent
from shared.models.job import Claim, JobStatus, TrainingJob

# Built once; what a call adds are plain parameters, since building an expression per column costs more than running it.
_CHANGE = (
    update(jobs)
    .values(
        version=jobs.c.version + 1,
        event_seq=jobs.c.event_seq + 1,
        updated_at=db_now(),
        change_no=change_number(),
    )
    .returning(jobs)
)
# a pause further ahead than any that we give means that the wall clock was set back since
_IS_DUE = or_(
    jobs.c.not_before.is_(None), jobs.c.not_before <= db_now(), jobs.c.not_before > db_now(2 * LONGEST_PAUSE_S)
)
_NEXT = (
    select(jobs.c.job_id)
    .where(jobs.c.status == JobStatus.QUEUED.value, jobs.c.is_paused.is_(False), _IS_DUE)
    .order_by(jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
    .limit(1)
    .with_for_update(skip_locked=True)
    .scalar_subquery()
)
_TAKE = _CHANGE.where(jobs.c.job_id == _NEXT).values(
    status=JobStatus.RUNNING.value,
    claim_epoch=jobs.c.claim_epoch + 1,
    beat=jobs.c.beat + 1,
    not_before=None,
    attempt=jobs.c.attempt + 1,
    started_at=func.coalesce(jobs.c.started_at, db_now()),
)
_END = _CHANGE.values(completed_at=db_now())
_ADD_EVENT = insert(job_events).values(created_at=db_now()).returning(job_events)
_START_ATTEMPT = insert(attempts).values(started_at=db_now())
_END_ATTEMPT = update(attempts).values(ended_at=db_now())


def held_by(claim: Claim) -> ColumnElement[bool]:
    """The fence: true only for the job's present, unfinished claim."""
    return and_(
        jobs.c.job_id == claim.job_id,
        jobs.c.owner == claim.owner,
        jobs.c.claim_epoch == claim.epoch,
        jobs.c.status == JobStatus.RUNNING.value,
    )


def read_at(job: TrainingJob) -> ColumnElement[bool]:
    """The state that a caller has seen and wants to change."""
    return and_(jobs.c.job_id == job.job_id, jobs.c.version == job.version, jobs.c.status == job.status.value)


def locked(connection: Connection, where: ColumnElement[bool]) -> TrainingJob | None:
    """The job, kept from changing until the transaction ends (on SQLite the write transaction itself does that)."""
    row = connection.execute(select(jobs).where(where).with_for_update()).mappings().one_or_none()
    return None if row is None else job_from(row)


def apply(connection: Connection, where: ColumnElement[bool], change: JobChange) -> tuple[TrainingJob, JobEvent] | None:
    """The job after `change` and the event of it, or None (and nothing written) when `where` matches no row."""
    statement = _END if change.ends_job else _CHANGE
    if change.pause_s is not None:
        statement = statement.values(not_before=db_now(change.pause_s))
    row = connection.execute(statement.where(where), job_columns(change.fields)).mappings().one_or_none()
    if row is None:
        return None
    job = job_from(row)
    if change.attempt_outcome is not None:
        _end_attempt(connection, job, change)
    return job, record(connection, job, change)


def record(connection: Connection, job: TrainingJob, change: JobChange) -> JobEvent:
    """Append the event of a change that is in the row already, and its audit entry if it has one."""
    values = {
        "job_id": job.job_id,
        "seq": job.event_seq,
        "type": change.kind.value,
        "payload": event_payload(job, change.detail),
    }
    event = event_from(connection.execute(_ADD_EVENT, values).mappings().one())
    if change.audit is not None:
        write_audit(connection, change.audit)
    return event


def take_next(connection: Connection, owner: str, lease_s: float) -> TrainingJob | None:
    """Give the next queued job to `owner`, choosing and taking in one statement."""
    statement = _TAKE.values(lease_until=db_now(lease_s))
    row = connection.execute(statement, {"owner": owner}).mappings().one_or_none()
    return None if row is None else job_from(row)


def start_attempt(connection: Connection, job: TrainingJob) -> None:
    """Record that a worker took the job."""
    values = {"job_id": job.job_id, "claim_epoch": job.claim_epoch, "attempt": job.attempt, "owner": job.owner}
    connection.execute(_START_ATTEMPT, values)


def _end_attempt(connection: Connection, job: TrainingJob, change: JobChange) -> None:
    statement = _END_ATTEMPT.where(attempts.c.job_id == job.job_id, attempts.c.claim_epoch == job.claim_epoch)
    connection.execute(statement, {"outcome": plain(change.attempt_outcome), "message": change.attempt_message or None})
