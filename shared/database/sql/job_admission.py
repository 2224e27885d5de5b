"""What a new job meets at the door: its idempotency key, the limits of the queue, and its place in it."""

from dataclasses import replace

from sqlalchemy import Connection, func, insert, select, text

from shared.database.base import IdempotencyMismatch, QueueFull
from shared.database.sql.rows import job_from
from shared.database.sql_time import db_now
from shared.database.tables import idempotency_keys, jobs
from shared.models.job import IdempotencyKey, JobStatus, QueueLimits, TrainingJob
from shared.models.queue import HIGHEST_PRIORITY, queue_place

# any number will do, as long as nobody else takes it
_SUBMISSION_LOCK = 0x434C_4152_4A4F_4253
_ACTIVE = [status.value for status in JobStatus if not status.is_terminal]
_REMEMBER = insert(idempotency_keys).values(created_at=db_now())


def serialise_submissions(connection: Connection) -> None:
    """One submission at a time, until the transaction ends: keys, limits and turns are decided on what is there."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SUBMISSION_LOCK})


def job_of(connection: Connection, key: IdempotencyKey) -> TrainingJob | None:
    """The job that was submitted with this key.

    Raises:
        IdempotencyMismatch: If the key stands for another request.
    """
    known = idempotency_keys.c
    query = (
        select(jobs, known.request_sha256)
        .join(idempotency_keys, known.job_id == jobs.c.job_id)
        .where(known.user == key.user, known.key == key.key)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    if row["request_sha256"] != key.request_sha256:
        raise IdempotencyMismatch(key.key, row["job_id"])
    return job_from(row)


def remember(connection: Connection, key: IdempotencyKey, job_id: str) -> None:
    """From now on the key stands for this job."""
    values = {"user": key.user, "key": key.key, "request_sha256": key.request_sha256, "job_id": job_id}
    connection.execute(_REMEMBER, values)


def refuse_beyond(connection: Connection, limits: QueueLimits, user: str) -> None:
    """Let a job in only while there is room.

    Raises:
        QueueFull: If the queue, or this user's share of it, is full.
    """
    active = select(func.count()).select_from(jobs).where(jobs.c.status.in_(_ACTIVE))
    if limits.total is not None and (connection.scalar(active) or 0) >= limits.total:
        raise QueueFull(limits.total)
    if limits.per_user is not None:
        own = connection.scalar(active.where(jobs.c.created_by == user)) or 0
        if own >= limits.per_user:
            raise QueueFull(limits.per_user, user=user)


def placed(connection: Connection, job: TrainingJob) -> TrainingJob:
    """The job with its turn and rank."""
    turn, rank = queue_place(
        serving_turn=_serving_turn(connection),
        own_newest_turn=_own_newest_turn(connection, job),
        priority=job.priority,
    )
    return replace(job, turn=turn, queue_rank=rank)


def _serving_turn(connection: Connection) -> int:
    running = select(func.max(jobs.c.turn)).where(jobs.c.status == JobStatus.RUNNING.value)
    following = (
        select(jobs.c.turn)
        .where(jobs.c.status == JobStatus.QUEUED.value, jobs.c.is_paused.is_(False))
        .order_by(jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
        .limit(1)
    )
    served = [turn for turn in (connection.scalar(running), connection.scalar(following)) if turn is not None]
    if served:
        return int(max(served))
    newest: int | None = connection.scalar(select(func.max(jobs.c.turn)))
    return newest or 0


def _own_newest_turn(connection: Connection, job: TrainingJob) -> int | None:
    # one look into the index per level: a maximum over all of them would read every job that the user ever had
    newest = [
        connection.scalar(
            select(func.max(jobs.c.turn)).where(jobs.c.created_by == job.created_by, jobs.c.priority == level)
        )
        for level in range(job.priority, HIGHEST_PRIORITY + 1)
    ]
    return max((turn for turn in newest if turn is not None), default=None)
