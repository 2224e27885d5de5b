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
from backend.common.process_mark import end_marked
from backend.training.folders import TrainingFolders
from backend.training.trainers.base import StopReason
from backend.training.workers.attempt import Attempt, Verdict
from backend.training.workers.memory import oom_kills
from backend.training.workers.orders import OrderWriter
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import TRAINER_COMMAND, mark_of, mark_of_all_attempts, start_trainer
from backend.training.workers.verdict import verdict_on
from shared.database.base import ClaimLost, JobStore
from shared.errors import ClaraError, Unavailable
from shared.models.job import CRASHES, ERRORS, HAND_BACKS, AttemptOutcome, Claim, JobStatus, StopRequest, TrainingJob
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
        stall_s: Longest time in which a trainer may say nothing.
        retry_s: Pause before the second retry in a row, doubled with each further one.
    """

    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    grace_s: float = 30.0
    timeout_s: float = 3600.0
    stall_s: float = 900.0
    retry_s: float = 5.0


class Supervisor:
    """Runs claimed jobs; one call of `run` is one attempt.

    Args:
        on_change: Called after every change that reached the database.
        memory_mb: MiB that a trainer may allocate; None: no limit.
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
        memory_mb: int | None = None,
        command: tuple[str, ...] = TRAINER_COMMAND,
    ) -> None:
        self._jobs = jobs
        self._orders = orders
        self._folders = folders
        self._times = times
        self._on_change = on_change
        self._clock = clock
        self._memory_mb = memory_mb
        self._command = command
        self._attempts: set[Attempt] = set()
        # when the service stops: how long writes are still tried
        self._give_up_at: float | None = None

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

    async def _start(self, job: TrainingJob, claim: Claim) -> Attempt | None:
        """Write the order and start its trainer; what cannot start ends the attempt with the reason."""
        try:
            order = await in_thread(self._orders.write, job, claim)
            await in_thread(_sweep_earlier_attempts, order)
            log = self._folders.job_log(job.job_id)
            process = await start_trainer(order, log=log, memory_mb=self._memory_mb, command=self._command)
        except Unavailable as error:
            await self._write_verdict(claim, Verdict(AttemptOutcome.TEMPORARY_ERROR, f"{error.message} [{error.code}]"))
            return None
        except ClaraError as error:
            await self._write_verdict(claim, Verdict(AttemptOutcome.ERROR, error.message))
            return None
        except OSError as error:
            # no memory, no process, no file handle to be had: the machine may recover
            message = f"The trainer process could not be started: {error.strerror or error}."
            await self._write_verdict(claim, Verdict(AttemptOutcome.TEMPORARY_ERROR, message))
            return None
        return Attempt(job, claim, order, process)

    async def _watch(self, attempt: Attempt, stop: asyncio.Event) -> None:
        kills_before = await in_thread(oom_kills)
        follow = asyncio.create_task(self._follow(attempt))
        lease = asyncio.create_task(self._keep_lease(attempt))
        helpers = [
            asyncio.create_task(self._end_on(attempt.cancel, attempt, StopReason.CANCEL, AttemptOutcome.CANCELLED)),
            asyncio.create_task(self._end_on(attempt.pause, attempt, StopReason.PAUSE, AttemptOutcome.PAUSED)),
            asyncio.create_task(self._end_on(stop, attempt, StopReason.HAND_BACK, AttemptOutcome.HANDED_BACK)),
            asyncio.create_task(self._time_out(attempt)),
            asyncio.create_task(self._stop_trying_after(stop)),
            asyncio.create_task(_end_leftovers(attempt)),
        ]
        try:
            await asyncio.wait({follow, lease}, return_when=asyncio.FIRST_COMPLETED)
            if lease.done():
                await lease
            await follow
            # the pipe is closed, so the trainer is gone or about to be
            attempt.exit_code = await attempt.process.end(grace_s=self._times.grace_s)
            was_oom_killed = await in_thread(oom_kills) > kills_before
            await self._conclude(attempt, verdict_on(attempt, was_oom_killed=was_oom_killed))
        finally:
            tasks = [follow, lease, *helpers]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_lease(self, attempt: Attempt) -> None:
        """Renew the lease for as long as the attempt lives; notices cancels and pauses on the way."""
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
            elif asked is StopRequest.PAUSE:
                attempt.pause.set()

    async def _end_on(
        self, asked: asyncio.Event, attempt: Attempt, reason: StopReason, outcome: AttemptOutcome
    ) -> None:
        """Once asked, tell the trainer; one that has not let go within the grace is killed."""
        await asked.wait()
        await attempt.process.send({"stop": reason})
        await asyncio.sleep(self._times.grace_s)
        attempt.kill(Verdict(outcome))

    async def _time_out(self, attempt: Attempt) -> None:
        await asyncio.sleep(self._times.timeout_s)
        message = f"The attempt ran longer than {self._times.timeout_s:g} s (CLARA_WORKER_TIMEOUT)."
        attempt.kill(Verdict(AttemptOutcome.TIMEOUT, message))

    async def _stop_trying_after(self, stop: asyncio.Event) -> None:
        await stop.wait()
        if self._give_up_at is None:
            self._give_up_at = asyncio.get_running_loop().time() + self._times.grace_s

    async def _follow(self, attempt: Attempt) -> None:
        messages = attempt.process.messages()
        while True:
            try:
                # only the time in which we listen counts: while we write to the database the trainer may have to wait
                async with asyncio.timeout(self._times.stall_s):
                    message = await anext(messages, None)
            except TimeoutError:
                text = f"The trainer process said nothing for {self._times.stall_s:g} s (CLARA_STALL_SECONDS)."
                attempt.kill(Verdict(AttemptOutcome.STALLED, text))
                return
            if message is None:
                return
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

    async def _conclude(self, attempt: Attempt, verdict: Verdict) -> None:
        if verdict.outcome is AttemptOutcome.CANCELLED:
            await self._persist(attempt.claim, self._jobs.finish_cancel)
        elif verdict.outcome is AttemptOutcome.COMPLETED:
            await self._complete(attempt)
        else:
            await self._write_verdict(attempt.claim, verdict)

    async def _write_verdict(self, claim: Claim, verdict: Verdict) -> None:
        """End an attempt that left no adapter: for good, or to be tried again."""
        outcome, message = verdict.outcome, verdict.message
        logger.info("job.attempt_judged", extra={"job_id": claim.job_id, "outcome": outcome, "reason": message})
        if outcome in CRASHES | ERRORS | HAND_BACKS:
            retry_s = self._times.retry_s
            await self._persist(claim, self._jobs.release, outcome=outcome, message=message, retry_s=retry_s)
        else:
            await self._persist(claim, self._jobs.fail, error_message=message, outcome=outcome)

    async def _complete(self, attempt: Attempt) -> None:
        try:
            manifest = await in_thread(read_manifest, Path(attempt.order.adapter_path))
        except CorruptArtefact as error:
            await self._write_verdict(attempt.claim, Verdict(AttemptOutcome.CRASH, error.message))
            return
        except OSError as error:
            message = f"The published adapter cannot be read: {error.strerror or error}."
            await self._write_verdict(attempt.claim, Verdict(AttemptOutcome.TEMPORARY_ERROR, message))
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

    async def _persist(self, claim: Claim, write: Callable[..., T], *args: Any, **fields: Any) -> T:
        """Write to the truth, and try again while it is away: the trainer goes on, and nobody rescues meanwhile.

        Raises:
            ClaimLost: If another has the job, or if this service stops before the truth is back.
        """
        loop = asyncio.get_running_loop()
        while True:
            try:
                return await in_thread(write, claim, *args, **fields)
            except Unavailable as error:
                if self._give_up_at is not None and loop.time() >= self._give_up_at:
                    raise ClaimLost(claim.job_id, claim.epoch) from error
                logger.warning("job.database_unavailable", extra={"job_id": claim.job_id, "reason": error.message})
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
        end_marked(mark_of(order))
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


async def _end_leftovers(attempt: Attempt) -> None:
    """Once the trainer is gone, end what it left: a grandchild that holds its pipe would hide its end from us."""
    await attempt.process.end()
    await in_thread(end_marked, mark_of(attempt.order))


def _sweep_earlier_attempts(order: TrainingOrder) -> None:
    """End processes and remove scratch, stages and unclaimed adapters of earlier claims: only ours is valid now."""
    end_marked(mark_of_all_attempts(order))
    shutil.rmtree(Path(order.job_dir) / "scratch", ignore_errors=True)
    folder = Path(order.adapter_path).parent
    for pattern in (f"{order.job_id}.e*", f"{STAGE_PREFIX}{order.job_id}.e*"):
        for left in folder.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
