"""The workers of one service: each claims the next job and supervises its trainer until it ends."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from backend.common.blocking import ThreadLane, in_thread
from backend.training.models import WorkerView
from backend.training.workers.lease_watch import LeaseWatch
from backend.training.workers.leftovers import end_strays
from backend.training.workers.supervisor import Supervisor
from shared.database.base import JobStore
from shared.errors import ClaraError, Unavailable
from shared.models.job import AttemptOutcome, Claim, Lease, Progress, TrainingJob
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)

T = TypeVar("T")


class WorkerPool:
    """Claims and runs jobs, and does the queue's housekeeping (pre-flight, rescue of expired leases).

    Args:
        jobs: Truth of jobs; several services may share it.
        supervisor: Runs one attempt.
        admit: Runs the pre-flight check of pending jobs; returns how many were queued.
        size: Workers, so trainer processes at most.
        lease_s: Lease of a claim.
        poll_s: Longest wait between looks at the queue.
    """

    def __init__(
        self,
        jobs: JobStore,
        supervisor: Supervisor,
        admit: Callable[[], int],
        *,
        size: int,
        lease_s: float,
        poll_s: float,
    ) -> None:
        self._jobs = jobs
        self._supervisor = supervisor
        self._admit = admit
        self._lease_s = lease_s
        self._poll_s = poll_s
        # a lease is watched only as finely as we look at it
        self._look_s = min(poll_s, lease_s / 5)
        self._watch = LeaseWatch(lease_s, time.monotonic)
        prefix = f"{socket.gethostname()}-{os.getpid()}-{new_id('w')[-6:]}"
        self._running: dict[str, str | None] = {f"{prefix}-{number}": None for number in range(1, size + 1)}
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        # one idle worker watches the queue for all of them
        self._at_the_queue = asyncio.Lock()
        # admission may wait for a slow share, requests may take all threads: rescues do not wait for either
        self._rescue_lane = ThreadLane(1)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers on the running event loop."""
        self._tasks = [asyncio.create_task(self._work(worker_id), name=worker_id) for worker_id in self._running]
        self._tasks.append(asyncio.create_task(self._keep_admitting(), name="admission"))
        self._tasks.append(asyncio.create_task(self._keep_rescuing(), name="rescue"))

    def wake(self) -> None:
        """Look at the queue now; call on the event loop's thread."""
        self._wake.set()

    def workers(self) -> list[WorkerView]:
        """What each worker does."""
        return [
            WorkerView(worker_id=worker_id, status="active" if job_id else "idle", job_id=job_id)
            for worker_id, job_id in self._running.items()
        ]

    def progress(self) -> list[Progress | None]:
        """Where the job of each worker stands, in the order of `workers`; None for an idle one."""
        standing = self._supervisor.progress()
        return [None if job_id is None else standing.get(job_id, Progress()) for job_id in self._running.values()]

    def begin_stop(self) -> None:
        """Claim nothing more and begin to hand running jobs back; call on the event loop's thread."""
        self._stop.set()
        self._wake.set()

    async def stop(self) -> None:
        """As `begin_stop`, and wait for the workers."""
        self.begin_stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, worker_id: str) -> None:
        while not self._stop.is_set():
            claimed = await self._next(worker_id)
            if claimed is None:
                continue
            job, claim = claimed
            self._running[worker_id] = job.job_id
            try:
                await self._supervisor.run(job, claim, self._stop)
            except Exception as error:
                # a worker outlives whatever one job did to it
                logger.exception("worker.failed", extra={"worker_id": worker_id, "job_id": job.job_id})
                await self._let_go(claim, error)
            finally:
                self._running[worker_id] = None

    async def _next(self, worker_id: str) -> tuple[TrainingJob, Claim] | None:
        """The next job, waited for; None if there was none for a while."""
        async with self._at_the_queue:
            if self._stop.is_set():
                return None
            claim = in_thread(self._jobs.claim, worker_id, lease_s=self._lease_s)
            claimed = await _survived("claim", claim)
            if claimed is None:
                await self._pause()
            return claimed

    async def _let_go(self, claim: Claim, error: Exception) -> None:
        """Give back what could not be supervised; if that fails too, its lease runs out and it is rescued."""
        cause = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        message = f"The attempt could not be supervised: {type(cause).__name__}: {cause}"
        try:
            await in_thread(self._jobs.release, claim, outcome=AttemptOutcome.CRASH, message=message)
        except ClaraError as refused:
            logger.info("worker.release_refused", extra={"job_id": claim.job_id, "reason": refused.message})

    async def _keep_admitting(self) -> None:
        """Check pending jobs as they come; when there were some, everybody looks at the queue."""
        while not self._stop.is_set():
            if await _survived("admission", in_thread(self._admit)):
                self._wake.set()
            await self._pause()

    async def _keep_rescuing(self) -> None:
        """Watch the leases of all services, and first of all end what a killed service has left on this machine."""
        has_strays = True
        while not self._stop.is_set():
            if has_strays:
                await _survived("strays", self._rescue_lane.run(end_strays, self._jobs))
            silent = await _survived("leases", self._rescue_lane.run(self._silent)) or []
            # one by one: a row that cannot be read holds up nobody else's rescue
            rescues = [await _survived("rescue", self._rescue_lane.run(self._rescue, lease)) for lease in silent]
            has_strays = any(rescues)
            if has_strays:
                self._wake.set()
            await _wait(self._stop, self._look_s)

    def _silent(self) -> Sequence[Lease]:
        return self._watch.silent(self._jobs.leases())

    def _rescue(self, lease: Lease) -> bool:
        job = self._jobs.rescue(lease)
        if job is not None:
            logger.warning("job.rescued", extra={"job_id": job.job_id, "status": job.status})
        return job is not None

    async def _pause(self) -> None:
        """Wait for a wake-up, at most `poll_s`."""
        if self._stop.is_set():
            return
        await _wait(self._wake, self._poll_s)
        # everyone who waits must see the same wake-up, so it is lowered on the next turn of the loop
        asyncio.get_running_loop().call_soon(self._wake.clear)


async def _survived(name: str, work: Awaitable[T]) -> T | None:
    """What `work` returns; None if it failed. What goes wrong once with one row must not end all work for good."""
    try:
        return await work
    except Unavailable as error:
        logger.warning("queue.database_unavailable", extra={"work": name, "reason": error.message})
    except Exception:
        logger.exception("queue.work_failed", extra={"work": name})
    return None


async def _wait(event: asyncio.Event, longest_s: float) -> None:
    waiter = asyncio.create_task(event.wait())
    await asyncio.wait({waiter}, timeout=longest_s)
    waiter.cancel()
