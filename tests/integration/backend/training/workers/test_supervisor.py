"""The worker pool on a real SQLite database with real child processes."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from backend.training.folders import TrainingFolders
from backend.training.inputs import InputResolver
from backend.training.manager import TrainingJobManager
from backend.training.models import JobRequest
from backend.training.workers.orders import OrderWriter
from backend.training.workers.pool import WorkerPool
from backend.training.workers.supervisor import SupervisionTimes, Supervisor
from shared.database.base import ClaimLost
from shared.database.stores import Stores, open_stores
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Claim, JobStatus, TrainingJob
from shared.models.users import Principal, Role
from shared.storage import verify_folder

TRAINER = Principal("u1", "trainer@example.org", frozenset({Role.TRAINER}))
TIMES = SupervisionTimes(lease_s=3.0, heartbeat_s=0.2, grace_s=1.0, timeout_s=30.0, retry_s=0.05)


@dataclass
class Bench:
    """A pool with its stores; the pool runs while the bench is open."""

    stores: Stores
    manager: TrainingJobManager
    pool: WorkerPool
    folders: TrainingFolders

    def submit(self) -> str:
        request = JobRequest(trainer_type="lora", config={}, dataset_path="train.jsonl")
        return self.manager.submit(request, TRAINER).job.job_id

    async def until(self, job_id: str, reached: Callable[[TrainingJob], bool], timeout_s: float = 20.0) -> TrainingJob:
        give_up = time.monotonic() + timeout_s
        while not reached(job := self.stores.jobs.get(job_id)):
            assert time.monotonic() < give_up, job
            await asyncio.sleep(0.02)
        return job

    async def ended(self, job_id: str) -> TrainingJob:
        return await self.until(job_id, lambda job: job.status.is_terminal)

    async def at_step(self, job_id: str, step: int = 1) -> TrainingJob:
        return await self.until(job_id, lambda job: job.progress.current_step >= step)


@asynccontextmanager
async def bench(tmp_path: Path, *stub: str, times: SupervisionTimes = TIMES, size: int = 1) -> AsyncIterator[Bench]:
    model = tmp_path / "models" / "starter"
    model.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors"):
        (model / name).touch()
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "train.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    folders = TrainingFolders(
        data=tmp_path / "data",
        models=tmp_path / "models",
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(tmp_path / "models",),
    )
    stores = open_stores(f"sqlite:///{tmp_path / 'clara.db'}")
    inputs = InputResolver(stores.datasets, folders, default_model="starter", is_offline=True)
    orders = OrderWriter(inputs, folders, save_every=10, cpu_threads=1)
    command = (sys.executable, "-m", "tests.support.stub_trainer", *stub)
    supervisor = Supervisor(stores.jobs, orders, folders, times, command=command)
    manager = TrainingJobManager(stores.jobs, stores.adapters, inputs, folders, on_change=supervisor.look)
    pool = WorkerPool(stores.jobs, supervisor, manager.admit_pending, size=size, lease_s=times.lease_s, poll_s=0.05)
    pool.start()
    try:
        yield Bench(stores, manager, pool, folders)
    finally:
        await pool.stop()
        stores.close()


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_job_completes_once_with_its_adapter_event_and_audit(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path) as it:
            job_id = it.submit()
            job = await it.ended(job_id)
            assert job.status is JobStatus.COMPLETED
            assert job.progress_percent == 100.0
            adapter = it.stores.adapters.get(job.adapter_id or "")
            assert verify_folder(Path(adapter.path)).sha256 == adapter.manifest_sha256
            events = it.stores.jobs.events(job_id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            statuses = [event.payload["status"] for event in events if event.type is EventType.STATUS]
            assert statuses == ["pending", "queued", "running", "completed"]
            actions = [entry.action for _, entry in it.stores.audit.page(object_id=job_id)]
            assert "job.submitted" in actions
            assert "job.completed" in actions

    run(scenario)


def test_a_crashing_trainer_is_tried_again_and_then_fails_with_the_signal_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--crash-at", "2") as it:
            job = await it.ended(it.submit())
            assert job.status is JobStatus.FAILED
            assert job.attempt == 3
            assert "SIGKILL" in (job.error_message or "")

    run(scenario)


def test_an_error_of_the_trainer_fails_the_job_at_once_with_its_reason(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--error-at", "2") as it:
            job = await it.ended(it.submit())
            assert (job.status, job.attempt) == (JobStatus.FAILED, 1)
            assert "Row 7 is empty" in (job.error_message or "")

    run(scenario)


@pytest.mark.parametrize("stubbornness", [(), ("--ignore-stop",), ("--hang-at", "3")])
def test_cancel_of_a_running_job_ends_its_whole_process_group_within_the_grace(
    tmp_path: Path, stubbornness: tuple[str, ...]
) -> None:
    async def scenario() -> None:
        pid_file = tmp_path / "grandchild"
        stub = ("--steps", "1000", "--grandchild-pid-file", str(pid_file), *stubbornness)
        async with bench(tmp_path, *stub) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            started = time.monotonic()
            it.manager.cancel(job_id, TRAINER)
            job = await it.ended(job_id)
            assert job.status is JobStatus.CANCELLED
            assert time.monotonic() - started < TIMES.grace_s + 2.0
            assert not is_alive(int(pid_file.read_text()))
            assert not any(it.folders.adapters(job_id).parent.glob("*/*"))

    run(scenario)


def test_a_stopping_service_hands_its_job_back_without_burning_the_attempt(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "1000") as it:
            job_id = it.submit()
            await it.at_step(job_id)
        async with bench(tmp_path) as again:
            job = await again.ended(job_id)
            assert (job.status, job.attempt, job.claim_epoch) == (JobStatus.COMPLETED, 1, 2)

    run(scenario)


def test_a_trainer_that_says_nothing_is_ended_and_tried_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--hang-at", "2", times=replace(TIMES, stall_s=0.5)) as it:
            job = await it.ended(it.submit())
            assert (job.status, job.attempt, job.crash_count) == (JobStatus.FAILED, 3, 2)
            assert job.failure_reason is AttemptOutcome.STALLED
            assert "CLARA_STALL_SECONDS" in (job.error_message or "")

    run(scenario)


def test_a_temporary_error_is_tried_again_and_counted_apart(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--error-at", "2", "--retryable") as it:
            job = await it.ended(it.submit())
            assert (job.status, job.attempt, job.crash_count) == (JobStatus.FAILED, 3, 0)
            assert job.failure_reason is AttemptOutcome.TEMPORARY_ERROR

    run(scenario)


def test_a_paused_job_lets_go_and_goes_on_when_it_is_resumed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "60", "--seconds-per-step", "0.05") as it:
            job_id = it.submit()
            await it.at_step(job_id, 2)
            it.manager.pause(job_id, TRAINER)
            paused = await it.until(job_id, lambda job: job.status is JobStatus.QUEUED)
            assert (paused.is_paused, paused.attempt, paused.crash_count) == (True, 0, 0)
            await asyncio.sleep(0.3)
            assert it.stores.jobs.get(job_id).status is JobStatus.QUEUED
            it.manager.resume(job_id, TRAINER)
            job = await it.ended(job_id)
            assert (job.status, job.attempt, job.claim_epoch) == (JobStatus.COMPLETED, 1, 2)
            outcomes = [attempt.outcome for attempt in it.stores.jobs.attempts(job_id)]
            assert outcomes == [AttemptOutcome.PAUSED, AttemptOutcome.COMPLETED]

    run(scenario)


def test_a_pause_of_a_trainer_that_hears_nothing_still_costs_no_attempt(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "1000", "--ignore-stop", times=replace(TIMES, grace_s=0.3)) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            it.manager.pause(job_id, TRAINER)
            paused = await it.until(job_id, lambda job: job.status is JobStatus.QUEUED)
            assert (paused.is_paused, paused.attempt) == (True, 0)
            it.manager.cancel(job_id, TRAINER)

    run(scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="found by /proc")
def test_a_grandchild_with_a_session_of_its_own_is_ended_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        pid_file = tmp_path / "grandchild"
        stub = ("--steps", "1000", "--own-session", "--grandchild-pid-file", str(pid_file))
        async with bench(tmp_path, *stub) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            assert is_alive(int(pid_file.read_text()))
            it.manager.cancel(job_id, TRAINER)
            await it.ended(job_id)
            give_up = time.monotonic() + TIMES.grace_s
            while is_alive(int(pid_file.read_text())):
                assert time.monotonic() < give_up
                await asyncio.sleep(0.02)

    run(scenario)


def test_an_attempt_that_runs_too_long_fails_with_the_limit_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--hang-at", "2", times=replace(TIMES, timeout_s=0.5)) as it:
            job = await it.ended(it.submit())
            assert job.status is JobStatus.FAILED
            assert "CLARA_WORKER_TIMEOUT" in (job.error_message or "")

    run(scenario)


def test_a_supervisor_that_lost_its_claim_kills_its_trainer_and_writes_nothing_more(tmp_path: Path) -> None:
    async def scenario() -> None:
        pid_file = tmp_path / "grandchild"
        async with bench(tmp_path, "--hang-at", "2", "--grandchild-pid-file", str(pid_file)) as it:
            job_id = it.submit()
            first = await it.at_step(job_id)
            pid = int(pid_file.read_text())
            # as if this service had been frozen for longer than the lease while another one rescued the job
            while not any(it.stores.jobs.rescue(lease) for lease in it.stores.jobs.leases()):
                await asyncio.sleep(0)
            second = await it.until(job_id, lambda job: job.claim_epoch > first.claim_epoch)
            assert second.claim_epoch == 2
            assert not is_alive(pid)

    run(scenario)


def test_two_workers_run_two_jobs_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "40", "--seconds-per-step", "0.05", size=2) as it:
            jobs = [it.submit(), it.submit()]
            for job_id in jobs:
                await it.at_step(job_id)
            assert [worker.status for worker in it.pool.workers()] == ["active", "active"]
            for job_id in jobs:
                assert (await it.ended(job_id)).status is JobStatus.COMPLETED

    run(scenario)


def test_rubbish_on_the_pipe_is_dropped_and_the_job_still_completes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--garbage") as it:
            assert (await it.ended(it.submit())).status is JobStatus.COMPLETED

    run(scenario)


def test_a_model_that_vanished_after_the_submit_fails_the_job_with_both_ways_out(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path) as it:
            job_id = it.submit()
            job = await it.ended(job_id)
            assert job.status is JobStatus.COMPLETED
            (tmp_path / "models" / "starter" / "config.json").unlink()
            (tmp_path / "models" / "starter" / "model.safetensors").unlink()
            (tmp_path / "models" / "starter").rmdir()
            retried = it.manager.retry(job_id, TRAINER).job_id
            job = await it.ended(retried)
            assert job.status is JobStatus.FAILED
            assert "clara model create-starter" in (job.error_message or "")

    run(scenario)


def test_a_late_completion_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "1000") as it:
            job_id = it.submit()
            job = await it.at_step(job_id)
            it.manager.cancel(job_id, TRAINER)
            await it.ended(job_id)
            with pytest.raises(ClaimLost):
                it.stores.jobs.heartbeat(Claim(job_id, job.owner or "", job.claim_epoch), lease_s=1)

    run(scenario)
