"""The workers of one service: each claims the next job and supervises its trainer until it ends."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable

from backend.common.blocking import in_thread
from backend.training.models import WorkerView
from backend.training.workers.lease_watch import LeaseWatch
from backend.training.workers.supervisor import Supervisor
from shared.database.base import JobStore
from shared.errors import Unavailable
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)


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
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the workers on the running event loop."""
        self._tasks = [asyncio.create_task(self._work(worker_id), name=worker_id) for worker_id in self._running]
        # apart, so that thousands of jobs to admit delay no rescue
        self._tasks.append(asyncio.create_task(self._keep(self._admit, self._poll_s), name="admission"))
        self._tasks.append(asyncio.create_task(self._keep(self._rescue_silent, self._look_s), name="rescue"))

    def wake(self) -> None:
        """Look at the queue now; call on the event loop's thread."""
        self._wake.set()

    def workers(self) -> list[WorkerView]:
        """What each worker does."""
        return [
            WorkerView(worker_id=worker_id, status="active" if job_id else "idle", job_id=job_id)
            for worker_id, job_id in self._running.items()
        ]

    async def stop(self) -> None:
        """Claim nothing more, hand running jobs back with a checkpoint, and wait for the workers."""
        self._stop.set()
        self._wake.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, worker_id: str) -> None:
        while not self._stop.is_set():
            try:
                claimed = await in_thread(self._jobs.claim, worker_id, lease_s=self._lease_s)
                if claimed is None:
                    await self._pause()
                    continue
                job, claim = claimed
                self._running[worker_id] = job.job_id
                await self._supervisor.run(job, claim, self._stop)
            except Unavailable:
                logger.warning("worker.database_unavailable", exc_info=True)
                await self._pause()
            except Exception:
                # a worker outlives whatever one job did to it; the job's lease runs out and it is rescued
                logger.exception("worker.failed", extra={"worker_id": worker_id})
                await self._pause()
            finally:
                self._running[worker_id] = None

    async def _keep(self, work: Callable[[], int], every_s: float) -> None:
        """Do a piece of housekeeping again and again; when it found something, everybody looks at the queue."""
        while not self._stop.is_set():
            try:
                if await in_thread(work):
                    self._wake.set()
            except Unavailable as error:
                logger.warning("housekeeping.database_unavailable", extra={"reason": error.message})
            except Exception:
                logger.exception("housekeeping.failed")
            await self._pause(every_s)

    def _rescue_silent(self) -> int:
        rescued = 0
        for lease in self._watch.silent(self._jobs.leases()):
            job = self._jobs.rescue(lease)
            if job is not None:
                rescued += 1
                logger.warning("job.rescued", extra={"job_id": job.job_id, "status": job.status})
        return rescued

    async def _pause(self, longest_s: float | None = None) -> None:
        """Wait for a wake-up, at most `longest_s` (default: `poll_s`)."""
        if self._stop.is_set():
            return
        waiter = asyncio.create_task(self._wake.wait())
        await asyncio.wait({waiter}, timeout=self._poll_s if longest_s is None else longest_s)
        waiter.cancel()
        # everyone who waits must see the same wake-up, so it is lowered on the next turn of the loop
        asyncio.get_running_loop().call_soon(self._wake.clear)
