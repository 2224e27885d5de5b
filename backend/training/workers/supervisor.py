"""One attempt of one job, from the claim to its end: the supervisor keeps the lease while the trainer trains.

When the database says that the claim is lost, the process group dies at once and what it staged is dropped: another
worker has the job. When the trainer dies without a word, the job goes back to the queue and the attempt counts.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.common.blocking import ThreadLane, in_thread
from backend.common.process_mark import end_marked
from backend.training.folders import TrainingFolders
from backend.training.trainers.base import StopReason
from backend.training.workers.attempt import Attempt, Verdict
from backend.training.workers.held_job import HeldJob, LeaseTimes
from backend.training.workers.leftovers import clean_up_after, sweep_before
from backend.training.workers.memory import oom_kills
from backend.training.workers.orders import OrderWriter
from backend.training.workers.protocol import MessageType
from backend.training.workers.trainer_process import TRAINER_COMMAND, mark_of, start_trainer
from backend.training.workers.verdict import verdict_on, was_terminated
from backend.training.workers.warm.warm_trainer import WarmTrainer
from shared.database.base import ClaimLost, JobStore
from shared.errors import ClaraError, Unavailable
from shared.models.job import AttemptOutcome, Claim, Progress, TrainingJob
from shared.storage import CorruptArtefact, read_manifest
from shared.utils.clock import Clock, utc_now

logger = logging.getLogger(__name__)

_WRITERS = 4
_LOOKS_PER_STALL = 10
_REAP_S = 5.0
_TOLD_LATER_S = 1.0


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
        warm: Where trainers may be forked; None: they start cold.
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
        warm: WarmTrainer | None = None,
    ) -> None:
        self._jobs = jobs
        self._orders = orders
        self._folders = folders
        self._times = times
        self._on_change = on_change
        self._clock = clock
        self._memory_mb = memory_mb
        self._command = command
        self._warm = warm
        self._held: set[HeldJob] = set()
        # a lease must not run out because requests have taken all threads
        self._lane = ThreadLane(_WRITERS)

    def look(self) -> None:
        """Ask the database at once whether a running job was cancelled; call on the event loop's thread."""
        for held in self._held:
            held.look()

    def progress(self) -> dict[str, Progress]:
        """Where each job that is supervised now stands."""
        return {held.job.job_id: held.latest for held in self._held}

    async def run(self, job: TrainingJob, claim: Claim, stop: asyncio.Event) -> None:
        """Run one attempt to its end; `stop` asks to hand the job back without burning the attempt."""
        extra = {"job_id": job.job_id, "claim_epoch": claim.epoch, "attempt": job.attempt}
        logger.info("job.started", extra=extra)
        held = HeldJob(self._jobs, job, claim, self._lease_times(), stop=stop, lane=self._lane)
        self._held.add(held)
        try:
            async with asyncio.TaskGroup() as group:
                # the lease is kept from the claim on: inputs of many GB are hashed before a trainer starts
                keepers = [group.create_task(held.keep()), group.create_task(held.limit_patience())]
                await self._attempt(held, stop)
                for keeper in keepers:
                    keeper.cancel()
        except* ClaimLost:
            logger.warning("job.claim_lost", extra=extra)
        finally:
            self._held.discard(held)
            self._on_change()

    async def _attempt(self, held: HeldJob, stop: asyncio.Event) -> None:
        attempt = await self._start(held, stop)
        if isinstance(attempt, Verdict):
            await held.end(attempt)
            return
        try:
            await self._watch(attempt, held, stop)
        finally:
            with contextlib.suppress(TimeoutError):  # a process that hangs in the kernel dies when it comes out
                async with asyncio.timeout(_REAP_S):
                    await attempt.process.end(grace_s=0)
            attempt.process.close()
            await in_thread(clean_up_after, attempt.order, self._jobs)

    async def _start(self, held: HeldJob, stop: asyncio.Event) -> Attempt | Verdict:
        """Write the order and start its trainer; or say why not."""
        try:
            order = await in_thread(self._orders.write, held.job, held.claim)
            await in_thread(sweep_before, order)
            if held.cancel.is_set():
                return Verdict(AttemptOutcome.CANCELLED)
            if held.pause.is_set() or stop.is_set():
                return Verdict(AttemptOutcome.PAUSED if held.pause.is_set() else AttemptOutcome.HANDED_BACK)
            log = self._folders.job_log(held.job.job_id)
            process = await start_trainer(
                order, log=log, memory_mb=self._memory_mb, command=self._command, warm=self._warm
            )
        except Unavailable as error:
            return Verdict(AttemptOutcome.TEMPORARY_ERROR, f"{error.message} [{error.code}]")
        except ClaraError as error:
            return Verdict(AttemptOutcome.ERROR, f"{error.message} [{error.code}]")
        except OSError as error:
            # no memory, no process, no file handle to be had: the machine may recover
            message = f"The trainer process could not be started: {error.strerror or error}."
            return Verdict(AttemptOutcome.TEMPORARY_ERROR, message)
        return Attempt(held.job, held.claim, order, process)

    async def _watch(self, attempt: Attempt, held: HeldJob, stop: asyncio.Event) -> None:
        kills_before = await in_thread(oom_kills)
        helpers = [
            asyncio.create_task(self._end_on(held.cancel, attempt, StopReason.CANCEL, AttemptOutcome.CANCELLED)),
            asyncio.create_task(self._end_on(held.pause, attempt, StopReason.PAUSE, AttemptOutcome.PAUSED)),
            asyncio.create_task(self._end_on(stop, attempt, StopReason.HAND_BACK, AttemptOutcome.HANDED_BACK)),
            asyncio.create_task(self._time_out(attempt)),
            asyncio.create_task(self._end_stalled(attempt)),
            asyncio.create_task(_end_leftovers(attempt)),
        ]
        try:
            await self._follow(attempt, held)
            # it has said its last word, so it is gone or about to be
            attempt.exit_code = await attempt.process.end(grace_s=self._times.grace_s)
            if was_terminated(attempt) and not stop.is_set():
                # whoever stops all processes at once, as systemd does, may have told the trainer before it told us
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_TOLD_LATER_S):
                        await stop.wait()
            if stop.is_set():
                attempt.ask(AttemptOutcome.HANDED_BACK)
            was_oom_killed = await in_thread(oom_kills) > kills_before
            if held.cancel.is_set():
                attempt.ask(AttemptOutcome.CANCELLED)
            await self._conclude(attempt, held, verdict_on(attempt, was_oom_killed=was_oom_killed))
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def _end_on(
        self, asked: asyncio.Event, attempt: Attempt, reason: StopReason, outcome: AttemptOutcome
    ) -> None:
        """Once asked, tell the trainer; one that has not let go within the grace is killed."""
        await asked.wait()
        attempt.ask(outcome)
        await attempt.process.send({"stop": reason})
        await asyncio.sleep(self._times.grace_s)
        attempt.kill(Verdict(outcome))

    async def _time_out(self, attempt: Attempt) -> None:
        await asyncio.sleep(self._times.timeout_s)
        message = f"The attempt ran longer than {self._times.timeout_s:g} s (CLARA_WORKER_TIMEOUT)."
        attempt.kill(Verdict(AttemptOutcome.TIMEOUT, message))

    async def _end_stalled(self, attempt: Attempt) -> None:
        """Kill a trainer that says nothing for too long.

        Counted in looks, not by a clock: when this process was suspended, what the trainer said lies unread in the
        pipe. And only while we listen: a trainer that may have to wait for us is not at fault.
        """
        silent, heard = 0, attempt.heard
        while silent < _LOOKS_PER_STALL:
            await asyncio.sleep(self._times.stall_s / _LOOKS_PER_STALL)
            silent = silent + 1 if attempt.is_heard and attempt.heard == heard else 0
            heard = attempt.heard
        text = f"The trainer process said nothing for {self._times.stall_s:g} s (CLARA_STALL_SECONDS)."
        attempt.kill(Verdict(AttemptOutcome.STALLED, text))

    async def _follow(self, attempt: Attempt, held: HeldJob) -> None:
        """Take over what the trainer says, until its last word or its end."""
        async with contextlib.aclosing(attempt.process.messages()) as messages:
            async for message in messages:
                attempt.heard += 1
                attempt.is_heard = False
                await self._take(attempt, held, MessageType(message["type"]), message)
                attempt.is_heard = True
                if attempt.ending is not None:
                    return

    async def _take(self, attempt: Attempt, held: HeldJob, kind: MessageType, message: dict[str, Any]) -> None:
        if kind in (MessageType.PUBLISHED, MessageType.STOPPED, MessageType.ERROR):
            attempt.ending, attempt.final = kind, message
        elif kind is MessageType.CHECKPOINT:
            await held.checkpoint(attempt.checkpoint(message, self._clock))
            await in_thread(self._forget_pruned, attempt.job.job_id)
        elif kind not in (MessageType.READY, MessageType.ALIVE):
            event, detail = attempt.follow(kind, message)
            await held.progress(attempt.progress, event, detail)
        self._on_change()

    async def _conclude(self, attempt: Attempt, held: HeldJob, verdict: Verdict) -> None:
        if verdict.outcome is not AttemptOutcome.COMPLETED:
            await held.end(verdict)
            return
        try:
            manifest = await in_thread(read_manifest, Path(attempt.order.adapter_path))
        except CorruptArtefact as error:
            await held.end(Verdict(AttemptOutcome.CRASH, error.message))
        except OSError as error:
            message = f"The published adapter cannot be read: {error.strerror or error}."
            await held.end(Verdict(AttemptOutcome.TEMPORARY_ERROR, message))
        else:
            adapter = attempt.adapter(manifest.sha256, self._clock)
            await held.complete(adapter, attempt.final_progress(), attempt.promotion())

    def _forget_pruned(self, job_id: str) -> None:
        """Drop the rows of checkpoints whose folders the trainer's retention has removed."""
        try:
            gone = [one.path for one in self._jobs.checkpoints(job_id) if not Path(one.path).is_dir()]
            if gone:
                self._jobs.forget_checkpoints(job_id, gone)
        except (Unavailable, OSError) as error:
            # they are dropped after the next checkpoint
            logger.info("job.pruned_later", extra={"job_id": job_id, "reason": str(error)})

    def _lease_times(self) -> LeaseTimes:
        times = self._times
        return LeaseTimes(
            lease_s=times.lease_s, heartbeat_s=times.heartbeat_s, give_up_s=times.grace_s, retry_s=times.retry_s
        )


async def _end_leftovers(attempt: Attempt) -> None:
    """Once the trainer is gone, end what it left: a grandchild that holds its pipe would hide its end from us."""
    await attempt.process.end()
    await in_thread(end_marked, mark_of(attempt.order))
