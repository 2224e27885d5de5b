"""The builders of one service: each claims the oldest waiting dataset and supervises its build process."""

import asyncio
import logging
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.common.blocking import ThreadLane, in_thread
from backend.common.child_process import ChildProcess, describe_exit
from backend.datasets.folders import DatasetFolders
from backend.datasets.leftovers import clear_finished, clear_uploads
from backend.datasets.workers.build_diary import BuildDiary
from backend.datasets.workers.protocol import MessageType
from shared.database.base import ClaimLost, DatasetNotFound, DatasetStore
from shared.errors import Unavailable
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from shared.utils.ids import new_id

logger = logging.getLogger(__name__)

StartBuild = Callable[[DatasetClaim], Awaitable[ChildProcess]]


@dataclass(frozen=True, slots=True)
class BuilderTimes:
    """Seconds and counts of the pool.

    Args:
        lease_s: A silent builder loses its dataset after this time.
        heartbeat_s: Distance of lease renewals.
        poll_s: Longest wait between looks at the queue.
        max_attempts: Crashes of the build process after which a dataset fails, if no stage is finished in between.
    """

    lease_s: float
    heartbeat_s: float
    poll_s: float
    max_attempts: int

    @property
    def max_claims(self) -> int:
        """Claims without a finished stage after which a dataset fails, whoever crashed.

        One that takes the whole service down must end, too.
        """
        return 3 * self.max_attempts


class BuilderPool:
    """Claims and builds datasets, one process each; what a dead service left is taken up again.

    Args:
        datasets: Truth of datasets; several services may share it.
        start: Starts the process of one build.
        folders: Where builds lie.
        size: Build processes at most.
        on_event: Called on the event loop after whatever is told of a dataset, to wake feeds.
    """

    def __init__(
        self,
        datasets: DatasetStore,
        start: StartBuild,
        folders: DatasetFolders,
        times: BuilderTimes,
        *,
        size: int = 1,
        on_event: Callable[[], None] = lambda: None,
    ) -> None:
        self._datasets = datasets
        self._start = start
        self._folders = folders
        self._times = times
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{new_id('b')[-6:]}"
        self._size = size
        self._on_event = on_event
        self._running: dict[str, ChildProcess] = {}
        self._progress: dict[str, dict[str, Any]] = {}
        self._crashes: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        # a lease must not run out because requests have taken all threads
        self._lane = ThreadLane(size)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start the builders on the running event loop."""
        self._tasks = [asyncio.create_task(self._sweep(), name="dataset-sweep")]
        names = [f"{self._owner}-{number}" for number in range(1, self._size + 1)]
        self._tasks += [asyncio.create_task(self._work(name), name=name) for name in names]

    def wake(self) -> None:
        """Look at the queue now; call on the event loop's thread."""
        self._wake.set()

    @property
    def is_building(self) -> bool:
        """Whether a build process is running."""
        return bool(self._running)

    def progress(self, dataset_id: str) -> Mapping[str, Any] | None:
        """What the running build of a dataset said last."""
        return self._progress.get(dataset_id)

    def drop(self, dataset_id: str) -> None:
        """End the process of a build that was cancelled; call on the event loop's thread."""
        if (process := self._running.get(dataset_id)) is not None:
            process.kill()

    async def stop(self) -> None:
        """Claim nothing more, end running builds and hand their datasets back."""
        self._stop.set()
        self._wake.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, owner: str) -> None:
        while not self._stop.is_set():
            try:
                claimed = await in_thread(self._datasets.claim, owner, lease_s=self._times.lease_s)
                if claimed is None:
                    await self._pause()
                    continue
                await self._build(*claimed)
            except ClaimLost:
                logger.warning("build.claim_lost", exc_info=True)
            except Unavailable:
                logger.warning("builder.database_unavailable", exc_info=True)
                await self._pause()
            except Exception:
                # a builder outlives whatever one dataset did to it; the lease runs out and it is claimed again
                logger.exception("builder.failed", extra={"owner": owner})
                await self._pause()

    async def _build(self, dataset: Dataset, claim: DatasetClaim) -> None:
        dataset_id = dataset.dataset_id
        logger.info("build.claimed", extra={"dataset_id": dataset_id, "claim_epoch": claim.epoch})
        self._on_event()
        if dataset.fruitless_claims > self._times.max_claims:
            begun = dataset.fruitless_claims - 1
            await self._fail(claim, f"The build was begun {begun} times and got no further; see the logs.")
            return
        try:
            await self._supervise(claim)
        except ClaimLost:
            await self._clear_if_over(dataset_id)
            raise
        finally:
            self._on_event()

    async def _supervise(self, claim: DatasetClaim) -> None:
        dataset_id = claim.dataset_id
        process = self._running[dataset_id] = await self._start(claim)
        guard = asyncio.create_task(self._keep_lease(claim, process))
        try:
            last = await self._listen(claim, process)
        finally:
            guard.cancel()
            await asyncio.gather(guard, return_exceptions=True)
            process.kill()
            self._running.pop(dataset_id, None)
            self._progress.pop(dataset_id, None)
            exit_code = await process.end()
        await self._settle(claim, last, exit_code)

    async def _listen(self, claim: DatasetClaim, process: ChildProcess) -> dict[str, Any] | None:
        """The last word of the build, None if it ended without one."""
        last: dict[str, Any] | None = None
        diary = BuildDiary(self._datasets, claim, self._on_event)
        async for message in process.messages():
            kind = MessageType(message["type"])
            if kind is MessageType.STAGE:
                # what got further was worth its crashes
                self._crashes.pop(claim.dataset_id, None)
                await diary.stage_done(message)
            elif kind is MessageType.PROGRESS:
                self._progress[claim.dataset_id] = {"stage": message["stage"], "done": message["done"]}
                await diary.progress(message)
            else:
                last = message
        return last

    async def _keep_lease(self, claim: DatasetClaim, process: ChildProcess) -> None:
        """Renew the lease; end the process when the claim is lost or the service stops."""
        while not self._stop.is_set():
            try:
                await self._lane.run(self._datasets.heartbeat, claim, lease_s=self._times.lease_s)
            except ClaimLost:
                logger.warning("build.claim_lost", extra={"dataset_id": claim.dataset_id})
                break
            except Unavailable:
                # the worker's own writes are fenced: going on is safe, and the next beat may get through
                logger.warning("build.heartbeat_failed", extra={"dataset_id": claim.dataset_id})
            stopping = asyncio.create_task(self._stop.wait())
            await asyncio.wait({stopping}, timeout=self._times.heartbeat_s)
            stopping.cancel()
        process.kill()

    async def _settle(self, claim: DatasetClaim, last: Mapping[str, Any] | None, exit_code: int) -> None:
        if last is not None and last["type"] == MessageType.DONE:
            logger.info("build.completed", extra={"dataset_id": claim.dataset_id})
        elif last is not None and last["type"] == MessageType.FAILED:
            await self._fail(claim, last["message"])
        elif last is not None and last["type"] == MessageType.CLAIM_LOST:
            await self._clear_if_over(claim.dataset_id)
        elif last is not None or self._stop.is_set():
            await self._hand_back(claim)
        else:
            await self._after_crash(claim, exit_code)

    async def _after_crash(self, claim: DatasetClaim, exit_code: int) -> None:
        self._crashes[claim.dataset_id] += 1
        crashes = self._crashes[claim.dataset_id]
        logger.error("build.crashed", extra={"dataset_id": claim.dataset_id, "exit": describe_exit(exit_code)})
        if crashes < self._times.max_attempts:
            await self._hand_back(claim)
            return
        await self._fail(
            claim,
            f"The build process died {crashes} times, the last time with {describe_exit(exit_code)}. Memory may have "
            "run out: lower top_k, or see the log of the dataset.",
        )

    async def _hand_back(self, claim: DatasetClaim) -> None:
        """Let the lease end now, so that the next look at the queue finds the dataset."""
        await self._lane.run(self._datasets.heartbeat, claim, lease_s=0.0)
        logger.info("build.handed_back", extra={"dataset_id": claim.dataset_id})

    async def _fail(self, claim: DatasetClaim, message: str) -> None:
        await in_thread(self._datasets.fail, claim, error_message=message)
        await in_thread(self._folders.remove, claim.dataset_id)
        logger.warning("build.failed", extra={"dataset_id": claim.dataset_id, "reason": message})

    async def _clear_if_over(self, dataset_id: str) -> None:
        """The claim went: to another builder, whose files these are now, or since the dataset has ended."""
        await in_thread(self._clear, dataset_id)

    def _clear(self, dataset_id: str) -> None:
        try:
            dataset = self._datasets.get(dataset_id)
        except DatasetNotFound:
            self._folders.remove(dataset_id)
            return
        if dataset.status is DatasetStatus.FAILED:
            self._folders.remove(dataset_id)
        elif dataset.status is DatasetStatus.COMPLETED and dataset.path is not None:
            # the build was killed behind its last word to the database
            clear_finished(self._folders, dataset_id, Path(dataset.path))

    async def _sweep(self) -> None:
        """Remove what is left of builds and uploads while nobody could remove it."""
        try:
            await in_thread(clear_uploads, self._folders)
            for dataset_id in await in_thread(self._folders.dataset_ids):
                await self._clear_if_over(dataset_id)
        except Unavailable:
            logger.warning("builder.sweep_failed", exc_info=True)

    async def _pause(self) -> None:
        """Wait for a wake-up, at most `poll_s`."""
        if self._stop.is_set():
            return
        waiter = asyncio.create_task(self._wake.wait())
        await asyncio.wait({waiter}, timeout=self._times.poll_s)
        waiter.cancel()
        # everyone who waits must see the same wake-up, so it is lowered on the next turn of the loop
        asyncio.get_running_loop().call_soon(self._wake.clear)
