"""How an event of a job looks on the wire, and how one client gets every event exactly once, in order."""

from collections.abc import AsyncIterator
from typing import Any

from backend.common.blocking import in_thread
from backend.training.feed import Listener
from backend.training.manager import TrainingJobManager
from shared.models.events import JobEvent
from shared.utils.clock import iso_utc

_PAGE = 500
_PUBLIC_FIELDS = (
    "status",
    "progress_percent",
    "current_epoch",
    "total_epochs",
    "current_step",
    "total_steps",
    "metrics",
)


def job_update(event: JobEvent) -> dict[str, Any]:
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


class OrderedEvents:
    """Merges replay and live events: nothing twice, nothing missing, in order per job.

    Args:
        manager: Where missed events are read.
        listener: Live events.
    """

    def __init__(self, manager: TrainingJobManager, listener: Listener) -> None:
        self._manager = manager
        self._listener = listener
        self._last_seq: dict[str, int] = {}

    def last_seq(self, job_id: str) -> int:
        """Number of the newest event of a job that was handed out."""
        return self._last_seq.get(job_id, 0)

    async def replay(self, job_id: str, after: int) -> AsyncIterator[JobEvent]:
        """Events of a job with `seq > after`, from the store."""
        self._last_seq[job_id] = after
        while events := await in_thread(self._manager.events, job_id, after=self._last_seq[job_id], limit=_PAGE):
            for event in events:
                self._last_seq[job_id] = event.seq
                yield event

    async def live(self) -> AsyncIterator[JobEvent]:
        """Events as they come, for ever.

        Raises:
            ListenerTooSlow: If the client does not keep up.
        """
        while True:
            event = await self._listener.next()
            last = self._last_seq.get(event.job_id)
            if last is not None and event.seq > last + 1:
                async for missed in self.replay(event.job_id, last):
                    yield missed
            elif last is None or event.seq > last:
                self._last_seq[event.job_id] = event.seq
                yield event
