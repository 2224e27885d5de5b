"""What happened to a job before the attempt that now begins: part of its order, so that its report can tell it."""

from datetime import datetime
from pathlib import PurePath
from typing import Any

from shared.database.base import JobStore
from shared.models.events import EventType, JobEvent
from shared.models.job import AttemptRecord, TrainingJob
from shared.utils.clock import iso_utc

MOST_ENTRIES = 40
"""Of each kind in a report; of more, this many are shown, evenly spread."""


class JobHistory:
    """Reads what is told of earlier attempts.

    Args:
        jobs: Truth of jobs.
    """

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def of(self, job: TrainingJob) -> dict[str, Any]:
        """As plain JSON: who ordered the job, its attempts, its checkpoints, what trainers said.

        Raises:
            Unavailable: If the database is away.
        """
        attempts = self._jobs.attempts(job.job_id)
        checkpoints = self._jobs.sample_events(job.job_id, EventType.CHECKPOINT, points=MOST_ENTRIES)
        messages = self._jobs.sample_events(job.job_id, EventType.MESSAGE, points=MOST_ENTRIES)
        return {
            "submitted_at": iso_utc(job.created_at),
            "submitted_by": job.created_by,
            "resume_from": job.resume_from,
            "attempts": [_attempt(one) for one in attempts[-MOST_ENTRIES:]],
            "attempts_total": len(attempts),
            "checkpoints": [_checkpoint(event) for event in checkpoints.events],
            "checkpoints_total": checkpoints.total,
            "messages": [message for event in messages.events if (message := _message(event))],
        }


def checkpoint_entry(at: datetime, step: int, path: PurePath, loss: float | None) -> dict[str, Any]:
    """What a report tells of a published checkpoint."""
    return {"at": iso_utc(at), "step": step, "name": path.name, "loss": loss}


def message_entry(at: datetime, text: str) -> dict[str, Any]:
    """What a report tells of something that a trainer said."""
    return {"at": iso_utc(at), "text": text}


def _attempt(one: AttemptRecord) -> dict[str, Any]:
    return {
        "attempt": one.attempt,
        "started_at": iso_utc(one.started_at),
        "ended_at": iso_utc(one.ended_at) if one.ended_at else None,
        "outcome": one.outcome,
        "message": one.message,
        "owner": one.owner,
    }


def _checkpoint(event: JobEvent) -> dict[str, Any]:
    payload = event.payload
    return checkpoint_entry(event.created_at, payload["step"], PurePath(payload["path"]), payload["loss"])


def _message(event: JobEvent) -> dict[str, Any] | None:
    """None for a plan, which is a message without words."""
    text = event.payload.get("text")
    return message_entry(event.created_at, text) if text else None
