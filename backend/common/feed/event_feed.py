"""Live updates for many listeners: one poll of the database, whoever wrote to it, and each event read once.

The database is the only source, so several services on one database feed each other's listeners. What is new is told by
change numbers and sequence numbers: a wall clock that jumps hides nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain

from backend.common.blocking import in_thread
from backend.common.feed.listener import Listener
from backend.common.feed.source import Changed, EventSource
from backend.common.feed.updates import Update
from shared.errors import Unavailable

logger = logging.getLogger(__name__)

_PAGE = 500
_REST_S = 0.02


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at the database found: news as pages of single subjects, and now and then all active ones."""

    changes: Changed
    pages: list[list[Update]]
    active: Mapping[str, int] | None


class EventFeed:
    """Turns changes in a store into updates for listeners.

    Args:
        source: Where events are found.
        poll_s: Longest delay of an event that another service wrote.
        remembered: Subjects whose numbers are kept in mind before those that have ended are looked for and forgotten.
    """

    def __init__(self, source: EventSource, *, poll_s: float = 0.05, remembered: int = 1000) -> None:
        self.source = source
        self._poll_s = poll_s
        self._wake = asyncio.Event()
        self._starting = asyncio.Lock()
        self._listeners: dict[str | None, set[Listener]] = {}
        self._cursor: int | None = None
        self._heads: dict[str, int] = {}
        self._remembered = self._forget_from = remembered
        self._is_blind = False
        self._is_stopped = False

    def wake(self) -> None:
        """Poll now; call on the event loop's thread."""
        self._wake.set()

    def stop(self) -> None:
        """End all listeners: the service stops. Call on the event loop's thread."""
        self._is_stopped = True
        for listener in chain.from_iterable(self._listeners.values()):
            listener.end()

    @asynccontextmanager
    async def listen(self, subject_id: str | None) -> AsyncIterator[Listener]:
        """A listener for updates from now on, of one subject or (None) of all; replay what came before from the store.

        Raises:
            Unavailable: If the database cannot say where now is.
        """
        listener = Listener(subject_id)
        async with self._starting:
            if self._cursor is None:
                start = await in_thread(self.source.changes)
                self._cursor, self._heads = start.cursor, dict(start.heads)
            self._listeners.setdefault(subject_id, set()).add(listener)
        if self._is_stopped:
            listener.end()
        self._wake.set()
        try:
            yield listener
        finally:
            self._listeners[subject_id].discard(listener)
            if not self._listeners[subject_id]:
                del self._listeners[subject_id]

    async def run(self) -> None:
        """Poll for as long as the service lives; does nothing while nobody listens."""
        while True:
            await self._pause()
            if not self._listeners:
                continue
            try:
                await self._poll()
                self._is_blind = False
            except Unavailable as error:
                if not self._is_blind:
                    logger.warning("feed.database_unavailable", extra={"reason": error.message})
                self._is_blind = True
            except Exception:
                # a feed that is gone would leave every client waiting for ever
                logger.exception("feed.failed")

    async def _pause(self) -> None:
        # a short rest after each poll makes one poll of many wake-ups
        await asyncio.sleep(_REST_S)
        if not self._listeners:
            # whoever comes next starts at a now of their own
            self._cursor = None
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s if self._listeners else None):
                await self._wake.wait()
        self._wake.clear()

    async def _poll(self) -> None:
        is_full = len(self._heads) > self._forget_from
        look = await in_thread(self._look, self._cursor, frozenset(self._listeners), is_full)
        pages = look.pages
        while pages:
            for page in pages:
                self._offer(page)
            unread = {page[-1].subject_id: page[-1].seq for page in pages if len(page) == _PAGE}
            pages = await in_thread(self._read, unread) if unread else []
        heads = look.changes.heads
        self._heads.update(
            (subject_id, seq) for subject_id, seq in heads.items() if seq > self._heads.get(subject_id, 0)
        )
        self._cursor = look.changes.cursor
        if look.active is not None:
            self._forget_ended(look.active, heads)

    def _look(self, cursor: int | None, wanted: Collection[str | None], is_full: bool) -> "_Look":
        """What is new, in one visit to a thread; nothing here changes while it runs."""
        # asked before the changes: a subject that ends in between is either still active or named
        active = self.source.changes().heads if is_full else None
        changes = self.source.changes(cursor)
        # one that is named for the first time is younger than the first look: all its events are news
        known = {
            subject_id: self._heads.get(subject_id, 0)
            for subject_id in changes.heads
            if None in wanted or subject_id in wanted
        }
        news = {subject_id: seq for subject_id, seq in known.items() if seq < changes.heads[subject_id]}
        return _Look(changes, self._read(news), active)

    def _read(self, news: Mapping[str, int]) -> list[list[Update]]:
        pages = [self.source.updates(subject_id, after=seq, limit=_PAGE) for subject_id, seq in news.items()]
        return [list(page) for page in pages if page]

    def _offer(self, page: Sequence[Update]) -> None:
        for update in page:
            self._heads[update.subject_id] = update.seq
            for listener in chain(self._listeners.get(update.subject_id, ()), self._listeners.get(None, ())):
                listener.offer(update)

    def _forget_ended(self, active: Mapping[str, int], changed: Mapping[str, int]) -> None:
        """Drop subjects that had ended before the last look, and so are never named again."""
        self._heads = {
            subject_id: seq for subject_id, seq in self._heads.items() if subject_id in active or subject_id in changed
        }
        self._forget_from = max(self._remembered, 2 * len(self._heads))
