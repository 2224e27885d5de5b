"""Builders over real child processes: crashes are counted until a stage is finished, a cancelled build is ended."""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.common.blocking import DEFAULT_THREADS, in_thread
from backend.common.child_process import ChildProcess
from backend.datasets.folders import DatasetFolders
from backend.datasets.workers.pool import BuilderPool, BuilderTimes
from shared.database.base import DatasetNotFound, DatasetStore
from shared.database.stores import memory_stores
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from tests.support.store_values import a_dataset, an_audit

SAY = (
    "import os, sys; sys.stdin.readline(); say = lambda line: (sys.stdout.write(line + chr(10)), sys.stdout.flush())\n"
)
DIES = SAY + "os.kill(os.getpid(), 9)"
STAGE_THEN_DIES = SAY + """say('{"type": "stage", "stage": "found"}'); os.kill(os.getpid(), 9)"""
WAITS = SAY + """say('{"type": "progress", "stage": "search", "done": 1}'); sys.stdin.read()"""
BEGINS_AGAIN = SAY + """say('{"type": "begin_again"}')"""
GIVES_UP = SAY + """say('{"type": "failed", "code": "nothing_matched", "message": "Nothing matched."}')"""

Scenario = Callable[[BuilderPool], Awaitable[None]]


class Service:
    """A pool whose children run these scripts, one after the other, the last one again and again."""

    def __init__(self, tmp_path: Path, *scripts: str, max_attempts: int = 3) -> None:
        self.datasets: DatasetStore = memory_stores().datasets
        self.folders = DatasetFolders(tmp_path)
        self.dataset = self.datasets.add(a_dataset(), audit=an_audit())
        self.claims: list[DatasetClaim] = []
        self.told = 0
        self._scripts = list(scripts)
        self._log = tmp_path / "log"
        self.lease_s = 30.0
        self._max_attempts = max_attempts

    async def _start(self, claim: DatasetClaim) -> ChildProcess:
        self.claims.append(claim)
        (self.folders.attempt(claim.dataset_id, claim.epoch) / "records").mkdir(parents=True)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        return await ChildProcess.start((sys.executable, "-c", script), b"{}\n", log=self._log)

    def run(self, scenario: Scenario) -> None:
        times = BuilderTimes(self.lease_s, heartbeat_s=0.1, poll_s=0.02, max_attempts=self._max_attempts)

        async def timed() -> None:
            pool = BuilderPool(self.datasets, self._start, self.folders, times, on_event=self._hear)
            pool.start()
            try:
                async with asyncio.timeout(30):
                    await scenario(pool)
            finally:
                await pool.stop()

        asyncio.run(timed())

    def _hear(self) -> None:
        self.told += 1

    def now(self) -> Dataset:
        return self.datasets.get(self.dataset.dataset_id)

    async def until_ended(self, _: BuilderPool) -> None:
        while not self.now().status.is_terminal or self.folders.dataset(self.dataset.dataset_id).exists():
            await asyncio.sleep(0.02)


def test_a_build_that_dies_again_and_again_fails_with_its_reason_and_leaves_nothing(tmp_path: Path) -> None:
    service = Service(tmp_path, DIES, max_attempts=2)
    service.run(service.until_ended)

    assert "died 2 times" in (service.now().error_message or "")
    assert "SIGKILL" in (service.now().error_message or "")
    assert len(service.claims) == 2


def test_crashes_count_anew_behind_a_finished_stage(tmp_path: Path) -> None:
    service = Service(tmp_path, DIES, STAGE_THEN_DIES, DIES, max_attempts=2)
    service.run(service.until_ended)

    # the second crash came behind a stage: it is the first one of what follows
    assert [claim.epoch for claim in service.claims] == [1, 2, 3]
    assert [event.type.value for event in service.datasets.events(service.dataset.dataset_id)].count("stage") == 1


def test_a_dataset_that_takes_every_service_down_fails_in_the_end(tmp_path: Path) -> None:
    service = Service(tmp_path, WAITS, max_attempts=1)
    for _ in range(3):
        claimed = service.datasets.claim("gone", lease_s=-1)
        assert claimed is not None
    service.run(service.until_ended)

    assert "begun 3 times and got no further" in (service.now().error_message or "")
    assert service.claims == []


def test_a_cancelled_build_is_ended_at_once_and_its_files_go(tmp_path: Path) -> None:
    service = Service(tmp_path, WAITS)

    async def scenario(pool: BuilderPool) -> None:
        while pool.progress(service.dataset.dataset_id) is None:
            await asyncio.sleep(0.01)
        service.datasets.cancel(service.dataset.dataset_id, audit=an_audit())
        pool.drop(service.dataset.dataset_id)
        while service.folders.dataset(service.dataset.dataset_id).exists():
            await asyncio.sleep(0.01)

    service.run(scenario)

    assert service.now().status is DatasetStatus.FAILED
    assert "Cancelled by" in (service.now().error_message or "")
    assert service.told > 0


def test_another_service_notices_a_cancellation_by_itself(tmp_path: Path) -> None:
    service = Service(tmp_path, WAITS)

    async def scenario(pool: BuilderPool) -> None:
        while pool.progress(service.dataset.dataset_id) is None:
            await asyncio.sleep(0.01)
        service.datasets.cancel(service.dataset.dataset_id, audit=an_audit())
        await service.until_ended(pool)

    service.run(scenario)

    assert len(service.claims) == 1


def test_leases_are_kept_while_requests_hold_all_threads(tmp_path: Path) -> None:
    service = Service(tmp_path, WAITS)
    service.lease_s = 1.0

    async def scenario(pool: BuilderPool) -> None:
        while pool.progress(service.dataset.dataset_id) is None:
            await asyncio.sleep(0.01)
        release = threading.Event()
        slow = [asyncio.create_task(in_thread(release.wait, 10)) for _ in range(DEFAULT_THREADS)]
        try:
            await asyncio.sleep(1.5 * service.lease_s)
            # another service finds nothing to take over
            assert service.datasets.claim("another", lease_s=30) is None
        finally:
            release.set()
            await asyncio.gather(*slow)

    service.run(scenario)

    assert len(service.claims) == 1


def test_a_build_whose_documents_were_erased_begins_again(tmp_path: Path) -> None:
    service = Service(tmp_path, BEGINS_AGAIN, GIVES_UP)
    service.run(service.until_ended)

    assert [claim.epoch for claim in service.claims] == [1, 2]
    assert service.now().error_message == "Nothing matched."


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_files_that_nobody_could_remove_go_at_the_next_start(tmp_path: Path, state: str) -> None:
    service = Service(tmp_path, WAITS)
    dataset_id = service.dataset.dataset_id if state == "failed" else "dataset_gone"
    service.datasets.cancel(service.dataset.dataset_id, audit=an_audit())
    left = service.folders.dataset(dataset_id)
    (left / "1" / "records").mkdir(parents=True)

    async def scenario(_: BuilderPool) -> None:
        while left.exists():
            await asyncio.sleep(0.01)

    service.run(scenario)

    if state == "unknown":
        with pytest.raises(DatasetNotFound):
            service.datasets.get(dataset_id)


def test_a_build_that_is_killed_behind_its_completion_leaves_only_what_was_published(tmp_path: Path) -> None:
    service = Service(tmp_path, WAITS)
    dataset_id = service.dataset.dataset_id

    async def killed(pool: BuilderPool) -> None:
        while pool.progress(dataset_id) is None:
            await asyncio.sleep(0.01)
        attempt = service.folders.attempt(dataset_id, 1)
        (attempt / "work" / "written").mkdir(parents=True)
        finished = replace(service.now(), path=str(attempt / "records"))
        service.datasets.complete(service.claims[0], finished, audit=an_audit())
        await pool.stop()

    service.run(killed)

    assert service.now().status is DatasetStatus.COMPLETED
    assert [path.name for path in service.folders.attempt(dataset_id, 1).iterdir()] == ["records"]
