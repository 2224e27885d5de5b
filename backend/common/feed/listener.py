"""The queue of one client: bounded, thinned before a state change has to wait, given up when that does not help."""

import asyncio
import logging
from collections import deque

from backend.common.feed.updates import Delivery, Update

logger = logging.getLogger(__name__)

QUEUE_LIMIT = 1024
"""Updates that wait for one client. Their texts are shared by all clients, so a full queue is some 100 KB: a thousand
clients that all hang cost 100 MB. It holds ten seconds of the busiest installation (100 updates per second)."""

THIN_FROM = 512
"""Waiting updates from which on superseded steps are left out: more than one page of the feed (500), so that no client
that keeps reading ever misses a step."""

URGENT_FROM = 64
"""The same when a state change comes: it shall not wait behind figures that are out of date."""

STALLED_S = 30.0
"""A client that took nothing for so long while updates waited is gone, whatever its connection says."""

_THIN_AGAIN_AFTER = 64


class ListenerTooSlow(Exception):
    """The client was given up; it can come back and replay from its last sequence number."""


class Listener:
    """One reader of live updates, of one job (or dataset) or of all; belongs to the event loop on which it was made."""

    def __init__(self, subject_id: str | None) -> None:
        loop = asyncio.get_running_loop()
        self.subject_id = subject_id
        self.is_evicted = False
        self.ended: asyncio.Future[None] = loop.create_future()
        self._clock = loop.time
        self._last_taken_at = loop.time()
        self._news = asyncio.Event()
        self._waiting: deque[Delivery] = deque()
        self._steps_thin_from, self._others_thin_from = THIN_FROM, URGENT_FROM
        self._is_deaf = False

    def offer(self, update: Update) -> None:
        """Queue an update; may leave out superseded steps, or give the client up."""
        if self._is_deaf:
            return
        waiting = self._waiting
        waiting.append(Delivery(update))
        length = len(waiting)
        if length == 1:
            self._last_taken_at = self._clock()
            self._news.set()
        elif self._clock() - self._last_taken_at > STALLED_S:
            self._evict()
        elif length > (self._steps_thin_from if update.is_figure else self._others_thin_from):
            self._thin()
            if len(self._waiting) > QUEUE_LIMIT:
                self._evict()

    def take(self) -> Delivery | None:
        """The next update, None if there is none at the moment.

        Raises:
            ListenerTooSlow: If the client was given up.
        """
        if self.is_evicted:
            raise ListenerTooSlow
        if not self._waiting:
            self._steps_thin_from, self._others_thin_from = THIN_FROM, URGENT_FROM
            return None
        self._last_taken_at = self._clock()
        return self._waiting.popleft()

    async def wait(self) -> None:
        """Until there is something to take, or `wake` was called."""
        await self._news.wait()
        self._news.clear()

    def wake(self) -> None:
        """End `wait`."""
        self._news.set()

    def turn_deaf(self) -> None:
        """Want no updates: they are being read from the store, and what waits is read there too."""
        self._is_deaf = True
        self._waiting.clear()

    def listen_again(self) -> None:
        """Want updates from now on."""
        self._is_deaf = self.ended.done()

    def end(self) -> None:
        """There will be no more updates: the service stops, or the client was given up."""
        self._is_deaf = True
        self._waiting.clear()
        if not self.ended.done():
            self.ended.set_result(None)

    def _thin(self) -> None:
        """Leave out every figure that a later one of its subject supersedes; whatever follows it there says so."""
        following: dict[str, Delivery] = {}
        has_later_step: set[str] = set()
        kept: deque[Delivery] = deque()
        for delivery in reversed(self._waiting):
            subject_id = delivery.update.subject_id
            if delivery.update.is_figure:
                if subject_id in has_later_step:
                    following[subject_id].skipped += 1 + delivery.skipped
                    continue
                has_later_step.add(subject_id)
            following[subject_id] = delivery
            kept.appendleft(delivery)
        self._waiting = kept
        # not again for every single update: what is left cannot be thinned
        self._steps_thin_from = min(max(THIN_FROM, len(kept) + _THIN_AGAIN_AFTER), QUEUE_LIMIT)
        self._others_thin_from = min(max(URGENT_FROM, len(kept) + _THIN_AGAIN_AFTER), QUEUE_LIMIT)

    def _evict(self) -> None:
        logger.warning("listener.evicted", extra={"subject_id": self.subject_id, "waiting": len(self._waiting)})
        self.is_evicted = True
        self.end()
