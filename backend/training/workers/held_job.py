"""A job that one of our workers holds: its lease is renewed, its writes outlast a database that is away."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from backend.common.blocking import ThreadLane
from backend.training.workers.attempt import Verdict
from shared.database.base import ClaimLost, JobStore
from shared.errors import Conflict, Unavailable
from shared.models.adapter import Adapter, Checkpoint, PromotionOrder
from shared.models.events import EventType
from shared.models.job import (
    CRASHES,
    ERRORS,
    HAND_BACKS,
    AttemptOutcome,
    Claim,
    JobStatus,
    Progress,
    StopRequest,
    TrainingJob,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")
_RETRY_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """How a claim is kept, in seconds.

    Args:
        lease_s: A silent worker loses its job after this time.
        heartbeat_s: Distance of lease renewals.
        give_up_s: How long writes are still tried once the service stops.
        retry_s: Pause before the second retry in a row, doubled with each further one.
    """

    lease_s: float
    heartbeat_s: float
    give_up_s: float
    retry_s: float


class HeldJob:
    """A claim and everything that is written under it.

    A write that finds the database away is tried again until it is back: the trainer goes on meanwhile, and nobody
    rescues, since nobody can. Once the service stops there is an end to that, and the lease runs out.

    Args:
        jobs: Truth of jobs.
        job: As it was claimed.
        claim: Goes with every write.
        times: How the claim is kept.
        stop: Set when the service stops.
        lane: Threads for the writes.

    Attributes:
        cancel: Set when somebody asked for a cancel.
        pause: Set when somebody asked for a pause.
        latest: Where the attempt stands, as it was last recorded.
    """

    def __init__(
        self,
        jobs: JobStore,
        job: TrainingJob,
        claim: Claim,
        times: LeaseTimes,
        *,
        stop: asyncio.Event,
        lane: ThreadLane,
    ) -> None:
        self.job = job
        self.claim = claim
        self.cancel = asyncio.Event()
        self.pause = asyncio.Event()
        self.latest = Progress()
        self._jobs = jobs
        self._times = times
        self._stop = stop
        self._lane = lane
        self._look = asyncio.Event()
        self._is_ending = False
        self._give_up_at: float | None = None

    def look(self) -> None:
        """Renew the lease now, and so see a request; call on the event loop's thread."""
        self._look.set()

    async def keep(self) -> None:
        """Renew the lease for as long as the attempt lasts; notices cancels and pauses on the way.

        Raises:
            ClaimLost: If another has the job.
        """
        # two renewals may fail before the lease runs out, whatever the settings say
        pause_s = min(self._times.heartbeat_s, self._times.lease_s / 3)
        while True:
            # not wait_for: before Python 3.12 it can swallow the cancellation that ends this task
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._look.wait()
            self._look.clear()
            await self._renew()

    async def limit_patience(self) -> None:
        """Let writes fail some time after the service was told to stop."""
        await self._stop.wait()
        self._give_up_at = asyncio.get_running_loop().time() + self._times.give_up_s

    async def progress(self, progress: Progress, kind: EventType, detail: dict[str, Any]) -> None:
        """Record where the attempt stands."""
        await self._write(self._jobs.record_progress, progress, kind=kind, detail=detail)
        self.latest = progress

    async def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Register a published checkpoint."""
        try:
            await self._write(self._jobs.add_checkpoint, checkpoint)
        except ClaimLost:
            raise
        except Conflict:
            # written before, by a try whose answer was lost
            logger.info("job.checkpoint_known", extra={"job_id": self.claim.job_id, "step": checkpoint.step})

    async def complete(self, adapter: Adapter, progress: Progress, promotion: PromotionOrder | None = None) -> None:
        """The job has its adapter (and that is promoted); or is cancelled, if that was acknowledged a moment before."""
        self._is_ending = True
        try:
            await self._write(self._jobs.complete, adapter, progress=progress, promotion=promotion)
        except ClaimLost:
            job = await self._patiently(self._jobs.get, self.claim.job_id)
            if job.cancel_requested and job.status is JobStatus.RUNNING and job.claim_epoch == self.claim.epoch:
                await self._write(self._jobs.finish_cancel)
            elif job.adapter_path != adapter.path:  # else our own commit, whose answer was lost
                raise

    async def end(self, verdict: Verdict) -> None:
        """End an attempt that left no adapter: for good, or to be tried again."""
        outcome, message = verdict.outcome, verdict.message
        extra = {"job_id": self.claim.job_id, "claim_epoch": self.claim.epoch, "outcome": outcome, "reason": message}
        logger.info("job.attempt_judged", extra=extra)
        self._is_ending = True
        if outcome is AttemptOutcome.CANCELLED:
            await self._write(self._jobs.finish_cancel)
        elif outcome in CRASHES | ERRORS | HAND_BACKS:
            await self._write(self._jobs.release, outcome=outcome, message=message, retry_s=self._times.retry_s)
        elif await self._renewed() is StopRequest.CANCEL:
            # acknowledged before we judged, and cancelling is final
            await self._write(self._jobs.finish_cancel)
        else:
            await self._write(self._jobs.fail, error_message=message, outcome=outcome)

    async def _renew(self) -> None:
        try:
            asked = await self._renewed()
        except ClaimLost:
            # the write that ends the attempt ends the claim as well, and knows itself whether it was in time
            if not self._is_ending:
                raise
            return
        if asked is StopRequest.CANCEL:
            self.cancel.set()
        elif asked is StopRequest.PAUSE:
            self.pause.set()

    async def _renewed(self) -> StopRequest | None:
        return await self._write(self._jobs.heartbeat, lease_s=self._times.lease_s)

    async def _write(self, write: Callable[..., T], *args: Any, **fields: Any) -> T:
        return await self._patiently(write, self.claim, *args, **fields)

    async def _patiently(self, call: Callable[..., T], *args: Any, **fields: Any) -> T:
        """Call, again and again while the database is away.

        Raises:
            ClaimLost: If another has the job, or if the service stops before the database is back.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await self._lane.run(call, *args, **fields)
            except Unavailable as error:
                if self._give_up_at is not None and loop.time() >= self._give_up_at:
                    raise ClaimLost(self.claim.job_id, self.claim.epoch) from error
                extra = {"job_id": self.claim.job_id, "reason": error.message}
                logger.warning("job.database_unavailable", extra=extra)
            await asyncio.sleep(_RETRY_PAUSE_S)
