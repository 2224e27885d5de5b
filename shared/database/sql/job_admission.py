"""What a new job meets at the door: its idempotency key, the limits of the queue, and its place in it."""

from dataclasses import replace

from sqlalchemy import bindparam, func, insert, literal_column, or_, select

from shared.database.base import IdempotencyMismatch, QueueFull
from shared.database.sql.driver import Transaction
from shared.database.sql.rows import job_from
from shared.database.sql_time import db_now
from shared.database.tables import idempotency_keys, jobs
from shared.models.job import IdempotencyKey, JobStatus, QueueLimits, TrainingJob
from shared.models.queue import HIGHEST_PRIORITY, queue_place

# any number will do, as long as nobody else takes it
_LOCK = select(func.pg_advisory_xact_lock(literal_column(str(0x434C_4152_4A4F_4253))).label("lock"))
# not IN: its list is expanded at every execution, and what we run is compiled once
_IS_ACTIVE = or_(*(jobs.c.status == status.value for status in JobStatus if not status.is_terminal))
_KNOWN = idempotency_keys.c
_JOB_OF_KEY = (
    select(jobs, _KNOWN.request_sha256)
    .join(idempotency_keys, _KNOWN.job_id == jobs.c.job_id)
    .where(_KNOWN.user == bindparam("at_user"), _KNOWN.key == bindparam("at_key"))
)
_REMEMBER = insert(idempotency_keys).values(created_at=db_now())
_COUNT = select(func.count()).select_from(jobs).where(_IS_ACTIVE)
_COUNT_OF_USER = _COUNT.where(jobs.c.created_by == bindparam("at_user"))
_NEWEST_RUNNING_TURN = select(func.max(jobs.c.turn)).where(jobs.c.status == JobStatus.RUNNING.value)
# a job that is not checked yet waits like any other; one look into the index per state
_NEXT_WAITING = tuple(
    select(jobs.c.queue_rank, jobs.c.turn)
    .where(jobs.c.status == status.value, jobs.c.is_paused.is_(False))
    .order_by(jobs.c.queue_rank, jobs.c.created_at, jobs.c.job_id)
    .limit(1)
    for status in (JobStatus.QUEUED, JobStatus.PENDING)
)
_NEWEST_TURN = select(func.max(jobs.c.turn))
_NEWEST_OWN_TURN = _NEWEST_TURN.where(
    jobs.c.created_by == bindparam("at_user"), jobs.c.priority == bindparam("at_priority")
)


def serialise_submissions(tx: Transaction) -> None:
    """One submission at a time, until the transaction ends: keys, limits and turns are decided on what is there."""
    if tx.database == "postgresql":
        tx.scalar(_LOCK, {})


def job_of(tx: Transaction, key: IdempotencyKey) -> TrainingJob | None:
    """The job that was submitted with this key.

    Raises:
        IdempotencyMismatch: If the key stands for another request.
    """
    row = tx.row(_JOB_OF_KEY, {"at_user": key.user, "at_key": key.key})
    if row is None:
        return None
    if row["request_sha256"] != key.request_sha256:
        raise IdempotencyMismatch(key.key, row["job_id"])
    return job_from(row)


def remember(tx: Transaction, key: IdempotencyKey, job_id: str) -> None:
    """From now on the key stands for this job."""
    tx.run(_REMEMBER, {"user": key.user, "key": key.key, "request_sha256": key.request_sha256, "job_id": job_id})


def refuse_beyond(tx: Transaction, limits: QueueLimits, user: str) -> None:
    """Let a job in only while there is room.

    Raises:
        QueueFull: If the queue, or this user's share of it, is full.
    """
    if limits.total is not None and tx.scalar(_COUNT, {}) >= limits.total:
        raise QueueFull(limits.total)
    if limits.per_user is not None and tx.scalar(_COUNT_OF_USER, {"at_user": user}) >= limits.per_user:
        raise QueueFull(limits.per_user, user=user)


def placed(tx: Transaction, job: TrainingJob) -> TrainingJob:
    """The job with its turn and rank."""
    turn, rank = queue_place(
        serving_turn=_serving_turn(tx), own_newest_turn=_own_newest_turn(tx, job), priority=job.priority
    )
    return replace(job, turn=turn, queue_rank=rank)


def _serving_turn(tx: Transaction) -> int:
    running: int | None = tx.scalar(_NEWEST_RUNNING_TURN, {})
    waiting = [(row["queue_rank"], row["turn"]) for row in (tx.row(query, {}) for query in _NEXT_WAITING) if row]
    served = [turn for turn in (running, min(waiting)[1] if waiting else None) if turn is not None]
    return int(max(served) if served else tx.scalar(_NEWEST_TURN, {}) or 0)


def _own_newest_turn(tx: Transaction, job: TrainingJob) -> int | None:
    # one look into the index per level: a maximum over all of them would read every job that the user ever had
    newest = [
        tx.scalar(_NEWEST_OWN_TURN, {"at_user": job.created_by, "at_priority": level})
        for level in range(job.priority, HIGHEST_PRIORITY + 1)
    ]
    return max((turn for turn in newest if turn is not None), default=None)
