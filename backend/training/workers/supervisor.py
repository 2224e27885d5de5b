"""One attempt of one job, from the claim to its end: the supervisor keeps the lease while the trainer trains.

Every write carries the claim. When the database says that the claim is lost, the process group dies at once and what
it staged is dropped: another worker has the job. When the trainer dies without a word, the job goes back to the queue
and the attempt counts.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from backend.common.blocking import in_thread
from backend.common.child_process import describe_exit
from backend.training.folders import TrainingFolders
from backend.training.trainers.base import StopReason
from backend.training.workers.attempt import Attempt
from backend.training.workers.orders import OrderWriter
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import TRAINER_COMMAND, start_trainer
from shared.database.base import ClaimLost, JobStore
from shared.errors import ClaraError, Unavailable
from shared.models.job import AttemptOutcome, Claim, JobStatus, StopRequest, TrainingJob
from shared.storage import STAGE_PREFIX, CorruptArtefact, read_manifest
from shared.utils.clock import Clock, utc_now

logger = logging.getLogger(__name__)

T = TypeVar("T")
_RETRY_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class SupervisionTimes:
    """How long things may take, in seconds.

    Args:
        lease_s: A silent supervisor loses its job after this time.
        heartbeat_s: Distance of lease renewals.
        grace_s: Time a trainer gets to let go before it is killed.
        timeout_s: Longest run of one attempt.
    """

    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    grace_s: float = 30.0
    timeout_s: float = 3600.0


class Supervisor:
    """Runs claimed jobs; one call of `run` is one attempt.

    Args:
        on_change: Called after every change that reached the database.
        command: Argument list that starts a trainer process.
    """

    def __init__(
        self,
        jobs: JobStore,
        orders: OrderWriter,
        folders: TrainingFolders,
        times: SupervisionTimes,
        *,
        on_change: Callable[[], None] = lambda: None,
        clock: Clock = utc_now,
        command: tuple[str, ...] = TRAINER_COMMAND,
    ) -> None:
        self._jobs = jobs
        self._orders = orders
        self._folders = folders
        self._times = times
        self._on_change = on_change
        self._clock = clock
        self._command = command
        self._attempts: set[Attempt] = set()

    def look(self) -> None:
        """Ask the database at once whether a running job was cancelled; call on the event loop's thread."""
        for attempt in self._attempts:
            attempt.look.set()

    async def run(self, job: TrainingJob, claim: Claim, stop: asyncio.Event) -> None:
        """Run one attempt to its end; `stop` asks to hand the job back without burning the attempt."""
        extra = {"job_id": job.job_id, "claim_epoch": claim.epoch, "attempt": job.attempt}
        logger.info("job.started", extra=extra)
        try:
            attempt = await self._start(job, claim)
        except ClaimLost:
            logger.warning("job.claim_lost", extra=extra)
            return
        if attempt is None:
            self._on_change()
            return
        self._attempts.add(attempt)
        try:
            await self._watch(attempt, stop)
        except ClaimLost:
            logger.warning("job.claim_lost", extra=extra)
        finally:
            self._attempts.discard(attempt)
            attempt.process.kill()
            await in_thread(self._clean_up, attempt)
            self._on_change()
        logger.info("job.attempt_ended", extra={**extra, "outcome": attempt.ending})

    async def _start(self, job: TrainingJob, claim: Claim) -> Attempt | None:
        """Write the order and start its trainer; what cannot start fails the job with the reason."""
        try:
            order = await in_thread(self._orders.write, job, claim)
            await in_thread(_sweep_earlier_attempts, order)
            log = self._folders.job_log(job.job_id)
            process = await start_trainer(order, log=log, command=self._command)
        except ClaraError as error:
            await self._persist(claim, self._jobs.fail, error_message=error.message, outcome=AttemptOutcome.ERROR)
            return None
        except OSError as error:
            message = f"The trainer process could not be started: {error.strerror or error}."
            await self._persist(claim, self._jobs.fail, error_message=message, outcome=AttemptOutcome.ERROR)
            return None
        return Attempt(job, claim, order, process)

    async def _watch(self, attempt: Attempt, stop: asyncio.Event) -> None:
        follow = asyncio.create_task(self._follow(attempt))
        lease = asyncio.create_task(self._keep_lease(attempt))
        helpers = [
            asyncio.create_task(self._let_go_on_cancel(attempt)),
            asyncio.create_task(self._hand_back_on(stop, attempt)),
            asyncio.create_task(self._time_out(attempt)),
        ]
        try:
            await asyncio.wait({follow, lease}, return_when=asyncio.FIRST_COMPLETED)
            if lease.done():
                await lease
            await follow
            # the pipe is closed, so the trainer is gone or about to be
            attempt.exit_code = await attempt.process.end(grace_s=self._times.grace_s)
            await self._conclude(attempt)
        finally:
            tasks = [follow, lease, *helpers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_lease(self, attempt: Attempt) -> None:
        """Renew the lease for as long as the attempt lives; notices cancels on the way."""
        # two renewals may fail before the lease runs out, whatever the settings say
        pause_s = min(self._times.heartbeat_s, self._times.lease_s / 3)
        while True:
            # not wait_for: before Python 3.12 it can swallow the cancellation that ends this task
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await attempt.look.wait()
            attempt.look.clear()
            asked = await self._persist(attempt.claim, self._jobs.heartbeat, lease_s=self._times.lease_s)
            if asked is StopRequest.CANCEL:
                attempt.cancel.set()

    async def _let_go_on_cancel(self, attempt: Attempt) -> None:
        await attempt.cancel.wait()
        await attempt.process.send({"stop": StopReason.CANCEL})
        await asyncio.sleep(self._times.grace_s)
        attempt.process.kill()

    async def _hand_back_on(self, stop: asyncio.Event, attempt: Attempt) -> None:
        await stop.wait()
        await attempt.process.send({"stop": StopReason.HAND_BACK})
        await asyncio.sleep(self._times.grace_s)
        attempt.handed_back = True
        attempt.process.kill()

    async def _time_out(self, attempt: Attempt) -> None:
        await asyncio.sleep(self._times.timeout_s)
        attempt.timed_out = True
        attempt.process.kill()

    async def _follow(self, attempt: Attempt) -> None:
        async for message in attempt.process.messages():
            await self._take(attempt, message)

    async def _take(self, attempt: Attempt, message: dict[str, Any]) -> None:
        kind = MessageType(message["type"])
        if kind in (MessageType.PUBLISHED, MessageType.STOPPED, MessageType.ERROR):
            attempt.ending, attempt.final = kind, message
        elif kind is MessageType.CHECKPOINT:
            await self._persist(attempt.claim, self._jobs.add_checkpoint, attempt.checkpoint(message, self._clock))
            await in_thread(self._forget_pruned, attempt.job.job_id)
        elif kind not in (MessageType.READY, MessageType.ALIVE):
            event, detail = attempt.follow(kind, message)
            await self._persist(attempt.claim, self._jobs.record_progress, attempt.progress, kind=event, detail=detail)
        self._on_change()

    async def _conclude(self, attempt: Attempt) -> None:
        """Write the one outcome that what happened amounts to."""
        claim = attempt.claim
        if attempt.cancel.is_set():
            await self._persist(claim, self._jobs.finish_cancel)
        elif attempt.ending is MessageType.PUBLISHED:
            await self._complete(attempt)
        elif attempt.ending is MessageType.ERROR:
            message = f"{attempt.final['message']} [{attempt.final['code']}]"
            await self._persist(claim, self._jobs.fail, error_message=message, outcome=AttemptOutcome.ERROR)
        elif attempt.timed_out:
            message = f"The attempt ran longer than {self._times.timeout_s:g} s (CLARA_WORKER_TIMEOUT)."
            await self._persist(claim, self._jobs.fail, error_message=message, outcome=AttemptOutcome.TIMEOUT)
        elif attempt.ending is MessageType.STOPPED or attempt.handed_back:
            await self._persist(claim, self._jobs.release, outcome=AttemptOutcome.HANDED_BACK)
        else:
            message = f"The trainer process ended without a result: {describe_exit(attempt.exit_code)}."
            await self._give_back_after_crash(claim, message)

    async def _complete(self, attempt: Attempt) -> None:
        try:
            manifest = await in_thread(read_manifest, Path(attempt.order.adapter_path))
        except CorruptArtefact as error:
            await self._give_back_after_crash(attempt.claim, error.message)
            return
        adapter = attempt.adapter(manifest.sha256, self._clock)
        try:
            await self._persist(attempt.claim, self._jobs.complete, adapter, progress=attempt.final_progress())
        except ClaimLost:
            # a cancel acknowledged a moment before wins; a lost answer to our own commit is no loss
            job = await in_thread(self._jobs.get, attempt.job.job_id)
            if job.cancel_requested and job.status is JobStatus.RUNNING and job.claim_epoch == attempt.claim.epoch:
                await self._persist(attempt.claim, self._jobs.finish_cancel)
            elif job.adapter_path != attempt.order.adapter_path:
                raise

    async def _give_back_after_crash(self, claim: Claim, message: str) -> None:
        await self._persist(claim, self._jobs.release, outcome=AttemptOutcome.CRASH, message=message)

    async def _persist(self, claim: Claim, write: Callable[..., T], *args: Any, **fields: Any) -> T:
        """Write to the truth; while it is down, try again for as long as the lease can hold."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._times.lease_s
        while True:
            try:
                return await in_thread(write, claim, *args, **fields)
            except Unavailable:
                if loop.time() >= give_up:
                    raise ClaimLost(claim.job_id, claim.epoch) from None
                logger.warning("job.database_unavailable", exc_info=True)
            await asyncio.sleep(_RETRY_PAUSE_S)

    def _forget_pruned(self, job_id: str) -> None:
        """Drop the rows of checkpoints whose folders the trainer's retention has removed."""
        with contextlib.suppress(Unavailable):  # they are dropped after the next checkpoint
            gone = [one.path for one in self._jobs.checkpoints(job_id) if not Path(one.path).is_dir()]
            if gone:
                self._jobs.forget_checkpoints(job_id, gone)

    def _clean_up(self, attempt: Attempt) -> None:
        """Remove what only this attempt could use: its scratch, its stage, and an adapter that nothing refers to."""
        order = attempt.order
        shutil.rmtree(Path(order.job_dir) / "scratch" / f"e{order.claim_epoch}", ignore_errors=True)
        adapter = Path(order.adapter_path)
        for left in adapter.parent.glob(f"{STAGE_PREFIX}{adapter.name}.*"):
            shutil.rmtree(left, ignore_errors=True)
        try:
            is_ours = self._jobs.get(order.job_id).adapter_path == order.adapter_path
        except ClaraError:
            # whether our completion was committed is not known: keep the folder, the next attempt sweeps it
            return
        if not is_ours:
            shutil.rmtree(adapter, ignore_errors=True)
            with contextlib.suppress(OSError):
                adapter.parent.rmdir()


def _sweep_earlier_attempts(order: TrainingOrder) -> None:
    """Remove scratch, stages and unclaimed adapters of earlier claims; ours is the only valid one now."""
    shutil.rmtree(Path(order.job_dir) / "scratch", ignore_errors=True)
    folder = Path(order.adapter_path).parent
    for pattern in (f"{order.job_id}.e*", f"{STAGE_PREFIX}{order.job_id}.e*"):
        for left in folder.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
