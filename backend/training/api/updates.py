"""How one client gets every update exactly once and in order, from the store and live."""

from collections.abc import AsyncGenerator

from backend.common.blocking import in_thread
from backend.training.feed.listener import Listener
from backend.training.feed.updates import Delivery, Update
from backend.training.manager import TrainingJobManager

_PAGE = 500


class OrderedUpdates:
    """Merges replay and live updates: nothing twice, nothing missing, in order per job.

    What a busy client was deliberately not given stays away (and is marked); what it missed for any other reason is
    read from the store.

    Args:
        manager: Where missed events are read.
        listener: Live updates.
    """

    def __init__(self, manager: TrainingJobManager, listener: Listener) -> None:
        self._manager = manager
        self._listener = listener
        self._last_seq: dict[str, int] = {}

    async def replay(self, job_id: str, after: int) -> AsyncGenerator[Delivery, None]:
        """Updates of a job with `seq > after`, from the store; afterwards live ones follow on.

        Raises:
            JobNotFound: If there is no such job.
        """
        job = await in_thread(self._manager.get, job_id)
        # who claims to know more than there is (a restored backup) gets what comes next
        self._last_seq[job_id] = min(after, job.event_seq)
        is_mine = self._listener.job_id == job_id
        if is_mine:
            self._listener.turn_deaf()
        try:
            async for delivery in self._stored(job_id):
                yield delivery
        finally:
            if is_mine:
                self._listener.listen_again()
        if is_mine:
            async for delivery in self._stored(job_id):
                yield delivery

    async def live(self) -> AsyncGenerator[Delivery, None]:
        """What waits at the moment.

        Raises:
            ListenerTooSlow: If the client was given up.
        """
        while (delivery := self._listener.take()) is not None:
            update = delivery.update
            last = self._last_seq.get(update.job_id)
            if last is None:
                yield self._passed(delivery)
                continue
            absent = update.seq - last - 1
            if absent > delivery.skipped:
                async for missed in self._stored(update.job_id):
                    yield missed
            elif absent >= 0:
                delivery.skipped = absent
                yield self._passed(delivery)

    async def _stored(self, job_id: str) -> AsyncGenerator[Delivery, None]:
        """What follows the last update of the job in the store."""
        after = self._last_seq[job_id]
        while events := await in_thread(self._manager.events, job_id, after=after, limit=_PAGE):
            for event in events:
                yield self._passed(Delivery(Update.of(event)))
            after = events[-1].seq

    def _passed(self, delivery: Delivery) -> Delivery:
        """Note that the client has it now."""
        update = delivery.update
        if update.ends_job and self._listener.job_id is None:
            # nothing follows; whoever listens to all jobs would gather numbers for ever
            self._last_seq.pop(update.job_id, None)
        else:
            self._last_seq[update.job_id] = update.seq
        return delivery
