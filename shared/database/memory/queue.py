"""The queue of the in-memory job store: limits, places and the order of claims, as on SQL."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shared.database.base import QueueFull
from shared.database.job_changes import LONGEST_PAUSE_S
from shared.models.job import JobStatus, QueueLimits, TrainingJob
from shared.models.queue import queue_place

_WAITING = frozenset({JobStatus.PENDING, JobStatus.QUEUED})


def refuse_beyond(jobs: Sequence[TrainingJob], limits: QueueLimits, user: str) -> None:
    """Let a job in only while there is room.

    Raises:
        QueueFull: If the queue, or this user's share of it, is full.
    """
    active = [job for job in jobs if not job.status.is_terminal]
    if limits.total is not None and len(active) >= limits.total:
        raise QueueFull(limits.total)
    if limits.per_user is not None and sum(job.created_by == user for job in active) >= limits.per_user:
        raise QueueFull(limits.per_user, user=user)


def placed(jobs: Sequence[TrainingJob], job: TrainingJob) -> TrainingJob:
    """The job with its turn and rank."""
    running = [other.turn for other in jobs if other.status is JobStatus.RUNNING]
    waiting = sorted((other for other in jobs if other.status in _WAITING and not other.is_paused), key=queue_order)
    served = running + [other.turn for other in waiting[:1]]
    own = [other.turn for other in jobs if other.created_by == job.created_by and other.priority >= job.priority]
    turn, rank = queue_place(
        serving_turn=max(served or [other.turn for other in jobs], default=0),
        own_newest_turn=max(own, default=None),
        priority=job.priority,
    )
    return replace(job, turn=turn, queue_rank=rank)


def is_claimable(job: TrainingJob, now: datetime) -> bool:
    """Whether a worker may take the job; a pause longer than any that we give means that the clock was set back."""
    is_due = job.not_before is None or not now < job.not_before <= now + timedelta(seconds=2 * LONGEST_PAUSE_S)
    return job.status is JobStatus.QUEUED and not job.is_paused and is_due


def queue_order(job: TrainingJob) -> tuple[int, datetime, str]:
    """Key by which claims choose."""
    return job.queue_rank, job.created_at, job.job_id
