"""Progress as server-sent events, replayable by sequence number."""

import json
from collections.abc import AsyncIterator

from backend.common.blocking import in_thread
from backend.training.api.updates import OrderedEvents, job_update
from backend.training.feed import EventFeed, ListenerTooSlow
from backend.training.manager import TrainingJobManager
from shared.models.events import EventType, JobEvent
from shared.models.job import JobStatus


async def event_stream(
    job_id: str, manager: TrainingJobManager, feed: EventFeed, *, after: int
) -> AsyncIterator[bytes]:
    """Frames of a job's events after `after`, until it has ended; a client that is too slow must reconnect."""
    async with feed.listen(job_id) as listener:
        events = OrderedEvents(manager, listener)
        async for event in events.replay(job_id, after):
            yield _frame(event)
        if (await in_thread(manager.get, job_id)).status.is_terminal:
            # it may have ended after the replay: the rest is in the store for good
            async for event in events.replay(job_id, events.last_seq(job_id)):
                yield _frame(event)
            return
        try:
            async for event in events.live():
                yield _frame(event)
                if _ends(event):
                    return
        except ListenerTooSlow:
            yield b"event: evicted\ndata: {}\n\n"


def _frame(event: JobEvent) -> bytes:
    body = json.dumps(job_update(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.seq}\nevent: {event.type.value}\ndata: {body}\n\n".encode()


def _ends(event: JobEvent) -> bool:
    return event.type is EventType.STATUS and JobStatus(event.payload["status"]).is_terminal
