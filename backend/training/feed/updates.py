"""How an event of a job looks on the wire; written once, however many clients get it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
# ASCII: half a surrogate pair in a trainer's message would break UTF-8, and with it every client's connection
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Update:
    """One event, ready to be sent.

    Args:
        job_id: The job it belongs to.
        seq: Its number.
        kind: Its type.
        ends_job: Whether nothing follows it.
        text: The `job_update` message of the contract, as JSON.
    """

    job_id: str
    seq: int
    kind: EventType
    ends_job: bool
    text: str

    @classmethod
    def of(cls, event: JobEvent) -> "Update":
        """The update that tells clients about an event."""
        ends_job = event.type is EventType.STATUS and JobStatus(event.payload["status"]).is_terminal
        return cls(event.job_id, event.seq, event.type, ends_job, _ENCODER.encode(job_update(event)))

    def marked(self, skipped: int) -> str:
        """The message for a client for which so many updates before this one were left out on purpose."""
        return f'{self.text[:-1]},"skipped":{skipped}}}' if skipped else self.text


@dataclass(slots=True)
class Delivery:
    """An update for one client; its own, while the update is shared by all.

    Args:
        update: What it gets.
        skipped: Number of this job's updates right before it that the client does not get, to be faster.
    """

    update: Update
    skipped: int = 0

    @property
    def text(self) -> str:
        """The message as this client gets it."""
        return self.update.marked(self.skipped)


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
