"""How an event of a job looks on the wire, and where the feed finds it."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.common.feed.source import Head
from backend.common.feed.updates import Update, encoded
from shared.database.base import Changes, JobStore
from shared.models.events import EventType, JobEvent
from shared.models.job import JobStatus
from shared.utils.clock import iso_utc

_PUBLIC_FIELDS = (
    "status",
    "progress_percent",
    "current_epoch",
    "total_epochs",
    "current_step",
    "total_steps",
    "metrics",
)


class JobEvents:
    """`EventSource` of jobs.

    Args:
        jobs: Truth of jobs.
    """

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs

    def changes(self, cursor: int | None = None) -> Changes:
        """See `EventSource.changes`."""
        return self._jobs.changes(cursor)

    def updates(self, subject_id: str, *, after: int, limit: int) -> Sequence[Update]:
        """See `EventSource.updates`."""
        return [update_of(event) for event in self._jobs.events(subject_id, after=after, limit=limit)]

    def head(self, subject_id: str) -> Head:
        """See `EventSource.head`."""
        job = self._jobs.get(subject_id)
        return Head(job.event_seq, job.status.is_terminal)


def update_of(event: JobEvent) -> Update:
    """The update that tells clients about an event."""
    return Update(
        event.job_id,
        event.seq,
        event.type.value,
        is_last=event.type is EventType.STATUS and JobStatus(event.payload["status"]).is_terminal,
        is_figure=event.type is EventType.STEP,
        text=encoded(job_update(event)),
    )


def job_update(event: JobEvent) -> Mapping[str, Any]:
    """The `job_update` message of the contract."""
    payload = event.payload
    detail = {name: value for name, value in payload.items() if name not in _PUBLIC_FIELDS}
    return {
        "type": "job_update",
        "event": event.type.value,
        "job_id": event.job_id,
        **{name: payload[name] for name in _PUBLIC_FIELDS if name in payload},
        **({"detail": detail} if detail else {}),
        "timestamp": iso_utc(event.created_at),
        "seq": event.seq,
    }
