"""How one client gets every update exactly once and in order, from the store and live."""

from collections.abc import AsyncGenerator

from backend.common.blocking import in_thread
from backend.common.feed.listener import Listener
from backend.common.feed.source import EventSource
from backend.common.feed.updates import Delivery

_PAGE = 500


class OrderedUpdates:
    """Merges replay and live updates: nothing twice, nothing missing, in order per subject.

    What a busy client was deliberately not given stays away (and is marked); what it missed for any other reason is
    read from the store.

    Args:
        source: Where missed events are read.
        listener: Live updates.
    """

    def __init__(self, source: EventSource, listener: Listener) -> None:
        self._source = source
        self._listener = listener
        self._last_seq: dict[str, int] = {}

    async def replay(self, subject_id: str, after: int) -> AsyncGenerator[Delivery, None]:
        """Updates of a subject with `seq > after`, from the store; afterwards live ones follow on.

        Raises:
            NotFound: If there is no such subject.
        """
        head = await in_thread(self._source.head, subject_id)
        # who claims to know more than there is (a restored backup) gets what comes next
        self._last_seq[subject_id] = min(after, head.seq)
        is_mine = self._listener.subject_id == subject_id
        if is_mine:
            self._listener.turn_deaf()
        try:
            async for delivery in self._stored(subject_id):
                yield delivery
        finally:
            if is_mine:
                self._listener.listen_again()
        if is_mine:
            async for delivery in self._stored(subject_id):
                yield delivery

    async def live(self) -> AsyncGenerator[Delivery, None]:
        """What waits at the moment.

        Raises:
            ListenerTooSlow: If the client was given up.
        """
        while (delivery := self._listener.take()) is not None:
            update = delivery.update
            last = self._last_seq.get(update.subject_id)
            if last is None:
                yield self._passed(delivery)
                continue
            absent = update.seq - last - 1
            if absent > delivery.skipped:
                async for missed in self._stored(update.subject_id):
                    yield missed
            elif absent >= 0:
                delivery.skipped = absent
                yield self._passed(delivery)

    async def _stored(self, subject_id: str) -> AsyncGenerator[Delivery, None]:
        """What follows the last update of the subject in the store."""
        after = self._last_seq[subject_id]
        while updates := await in_thread(self._source.updates, subject_id, after=after, limit=_PAGE):
            for update in updates:
                yield self._passed(Delivery(update))
            after = updates[-1].seq

    def _passed(self, delivery: Delivery) -> Delivery:
        """Note that the client has it now."""
        update = delivery.update
        if update.is_last and self._listener.subject_id is None:
            # nothing follows; whoever listens to all would gather numbers for ever
            self._last_seq.pop(update.subject_id, None)
        else:
            self._last_seq[update.subject_id] = update.seq
        return delivery
