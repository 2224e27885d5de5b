"""Live events for many listeners: one poll of the database per change, whoever wrote it, and a bounded queue each.

The database is the only source, so several services on one database feed each other's listeners. A listener that reads
too slowly is told so and dropped; it can come back and replay from its last sequence number.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from backend.common.blocking import in_thread
from shared.database.base import JobStore
from shared.errors import Unavailable
from shared.models.events import JobEvent
from shared.utils.clock import utc_now

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 1000
_PAGE = 500
_OVERLAP_S = 10.0


class ListenerTooSlow(Exception):
    """The listener's queue is full; reconnect and replay from the last sequence number."""


class Listener:
    """One reader of live events, of one job or of all."""

    def __init__(self, job_id: str | None) -> None:
        self.job_id = job_id
        self.is_evicted = False
        self._queue: asyncio.Queue[JobEvent] = asyncio.Queue(QUEUE_LIMIT)

    def offer(self, event: JobEvent) -> None:
        """Queue an event; a full queue evicts the listener."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            self.is_evicted = True

    async def next(self) -> JobEvent:
        """The next event.

        Raises:
            ListenerTooSlow: After the listener was evicted and has read what was queued.
        """
        if self.is_evicted and self._queue.empty():
            raise ListenerTooSlow
        return await self._queue.get()


class EventFeed:
    """Turns changes in the job store into events for listeners.

    Args:
        jobs: Truth of jobs.
        poll_s: Longest delay of an event that another service wrote.
    """

    def __init__(self, jobs: JobStore, *, poll_s: float = 0.5) -> None:
        self._jobs = jobs
        self._poll_s = poll_s
        self._wake = asyncio.Event()
        self._listeners: set[Listener] = set()
        self._seen: dict[str, int] = {}
        self._last_poll: float | None = None
        self._baseline = utc_now()

    def wake(self) -> None:
        """Poll now; call on the event loop's thread."""
        self._wake.set()

    @asynccontextmanager
    async def listen(self, job_id: str | None) -> AsyncIterator[Listener]:
        """A listener for events from now on; replay what came before from the store."""
        listener = Listener(job_id)
        if not self._listeners:
            await self._set_baseline()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Poll for as long as the service lives; does nothing while nobody listens."""
        while True:
            waiter = asyncio.create_task(self._wake.wait())
            await asyncio.wait({waiter}, timeout=self._poll_s)
            waiter.cancel()
            self._wake.clear()
            if not self._listeners:
                continue
            try:
                await self._poll()
            except Unavailable:
                logger.warning("feed.database_unavailable", exc_info=True)

    async def _set_baseline(self) -> None:
        self._last_poll = asyncio.get_running_loop().time()
        # clocks of services and database may differ a little; an event told twice is dropped by its number
        self._baseline = utc_now() - timedelta(seconds=_OVERLAP_S)
        self._seen = dict(await in_thread(self._jobs.event_heads, changed_within_s=_OVERLAP_S))

    async def _poll(self) -> None:
        now = asyncio.get_running_loop().time()
        window = now - (self._last_poll or now) + _OVERLAP_S
        heads: Mapping[str, int] = await in_thread(self._jobs.event_heads, changed_within_s=window)
        for job_id, head in heads.items():
            if head > self._seen.get(job_id, 0):
                await self._publish(job_id, head)
        self._last_poll = now

    async def _publish(self, job_id: str, head: int) -> None:
        # a job that the baseline did not see may have a long past: only what came since is news
        news_since = self._baseline if job_id not in self._seen else datetime.min.replace(tzinfo=UTC)
        after = self._seen.get(job_id, max(0, head - _PAGE))
        while after < head:
            events = await in_thread(self._jobs.events, job_id, after=after, limit=_PAGE)
            if not events:
                break
            for event in events:
                if event.created_at >= news_since:
                    self._offer(event)
            after = events[-1].seq
        self._seen[job_id] = after

    def _offer(self, event: JobEvent) -> None:
        for listener in self._listeners:
            if listener.job_id in (None, event.job_id):
                listener.offer(event)
