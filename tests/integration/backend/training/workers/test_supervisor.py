"""The worker pool on a real SQLite database with real child processes."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.common.process_mark import MARK_VARIABLE
from shared.database.base import ClaimLost
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Claim, JobStatus
from shared.storage import verify_folder
from tests.support.postgres import PostgresServer
from tests.support.processes import environment_values, is_alive
from tests.support.worker_bench import TIMES, TRAINER, bench

LATE_S = 10.0
"""What a busy machine may add to a grace; trainers that are to outlast both take `LONG` steps."""
LONG = "100000"


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def wait_until(is_true: Callable[[], bool]) -> None:
    give_up = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < give_up
        time.sleep(0.02)


async def gone(pid: int) -> None:
    """Wait for the end of a process that was sent SIGKILL: the kernel takes a moment for it."""
    await asyncio.to_thread(wait_until, lambda: not is_alive(pid))


def trainers(job_id: str) -> list[int]:
    """Processes of the job's attempts."""
    marks = environment_values(MARK_VARIABLE)
    return [pid for pid, mark in marks.items() if mark.startswith(f"{job_id}.e") and is_alive(pid)]


def obstruct(folder: Path) -> None:
    """Put a file where a folder has to be."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.touch()


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
        stub = ("--steps", LONG, "--grandchild-pid-file", str(pid_file), *stubbornness)
        async with bench(tmp_path, *stub) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            started = time.monotonic()
            it.manager.cancel(job_id, TRAINER)
            job = await it.ended(job_id)
            assert job.status is JobStatus.CANCELLED
            assert time.monotonic() - started < TIMES.grace_s + LATE_S
            await gone(int(pid_file.read_text()))
            assert not any(it.folders.adapters(job_id).parent.glob("*/*"))

    run(scenario)


def test_the_pool_knows_where_the_job_of_each_worker_stands(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", LONG, size=2) as it:
            assert it.pool.progress() == [None, None]
            job_id = it.submit()
            await it.at_step(job_id, 2)
            await asyncio.sleep(0)
            standing = [progress for progress in it.pool.progress() if progress is not None]
            assert [progress.total_steps for progress in standing] == [int(LONG)]
            assert standing[0].current_step >= 1
            assert standing[0].metrics["loss"] > 0

    run(scenario)


def test_a_stopping_service_hands_its_job_back_without_burning_the_attempt(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", LONG) as it:
            job_id = it.submit()
            await it.at_step(job_id)
        async with bench(tmp_path) as again:
            job = await again.ended(job_id)
            assert (job.status, job.attempt, job.claim_epoch) == (JobStatus.COMPLETED, 1, 2)

    run(scenario)


@pytest.mark.parametrize("stubbornness", [("--ignore-stop",), ("--hang-at", "3")])
def test_a_trainer_that_hears_no_stop_is_handed_back_after_the_grace_and_burns_nothing(
    tmp_path: Path, stubbornness: tuple[str, ...]
) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", LONG, *stubbornness) as it:
            job_id = it.submit()
            await it.at_step(job_id, 2)
            started = time.monotonic()
            await it.pool.stop()
            assert time.monotonic() - started < TIMES.grace_s + LATE_S
            job = it.stores.jobs.get(job_id)
            assert (job.status, job.attempt, job.crash_count) == (JobStatus.QUEUED, 0, 0)
            assert not trainers(job_id)

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
        async with bench(tmp_path, "--steps", LONG, "--ignore-stop", times=replace(TIMES, grace_s=0.3)) as it:
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
        stub = ("--steps", LONG, "--own-session", "--grandchild-pid-file", str(pid_file))
        async with bench(tmp_path, *stub) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            assert is_alive(int(pid_file.read_text()))
            it.manager.cancel(job_id, TRAINER)
            await it.ended(job_id)
            await gone(int(pid_file.read_text()))

    run(scenario)


@pytest.mark.skipif(sys.platform != "linux", reason="found by /proc")
def test_what_a_killed_service_left_in_a_session_of_its_own_is_ended_by_the_next_one(tmp_path: Path) -> None:
    pid_file = tmp_path / "grandchild"
    stub = ("--steps", LONG, "--own-session", "--grandchild-pid-file", str(pid_file))
    command = [sys.executable, "-m", "tests.support.worker_bench", str(tmp_path), *stub]
    service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    job_id = service.stdout.readline().strip()
    wait_until(pid_file.is_file)
    (trainer,) = (pid for pid in trainers(job_id) if pid != int(pid_file.read_text()))
    service.kill()
    service.communicate()
    wait_until(lambda: not is_alive(trainer))
    grandchild = int(pid_file.read_text())
    assert is_alive(grandchild)

    async def scenario() -> None:
        async with bench(tmp_path) as it:
            job = await it.ended(job_id)
            assert (job.status, job.claim_epoch) == (JobStatus.COMPLETED, 2)
            await gone(grandchild)

    run(scenario)


def test_a_trainer_that_keeps_saying_that_it_gets_on_may_take_its_time(tmp_path: Path) -> None:
    async def scenario() -> None:
        stub = ("--steps", "1", "--seconds-per-step", "6", "--signs-of-life")
        async with bench(tmp_path, *stub, times=replace(TIMES, stall_s=3.0)) as it:
            job = await it.ended(it.submit())
            assert (job.status, job.attempt) == (JobStatus.COMPLETED, 1)
            assert not any("text" in event.payload for event in it.stores.jobs.events(job.job_id))

    run(scenario)


def test_a_trainer_that_does_not_leave_after_its_last_word_is_sent_away(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--linger", times=replace(TIMES, grace_s=0.3)) as it:
            job = await it.ended(it.submit())
            assert (job.status, job.attempt) == (JobStatus.COMPLETED, 1)
            assert not trainers(job.job_id)

    run(scenario)


def test_a_trainer_that_says_what_nobody_understands_has_crashed(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--unknown-message") as it:
            job = await it.ended(it.submit())
            assert (job.status, job.failure_reason) == (JobStatus.FAILED, AttemptOutcome.CRASH)
            assert "riddle" in (job.error_message or "")

    run(scenario)


def test_a_pause_that_is_taken_back_while_the_trainer_lets_go_delays_the_job_only(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", "20", "--seconds-per-step", "0.2") as it:
            job_id = it.submit()
            await it.at_step(job_id)
            it.manager.pause(job_id, TRAINER)
            it.manager.resume(job_id, TRAINER)
            job = await it.ended(job_id)
            assert (job.status, job.attempt, job.crash_count) == (JobStatus.COMPLETED, 1, 0)

    run(scenario)


def test_a_cancel_during_a_pause_wins(tmp_path: Path) -> None:
    async def scenario() -> None:
        times = replace(TIMES, grace_s=2.0)
        async with bench(tmp_path, "--steps", LONG, "--ignore-stop", times=times) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            it.manager.pause(job_id, TRAINER)
            await asyncio.sleep(0.3)
            it.manager.cancel(job_id, TRAINER)
            job = await it.ended(job_id)
            assert job.status is JobStatus.CANCELLED
            assert not trainers(job_id)

    run(scenario)


def test_a_service_manager_that_stops_trainers_as_well_burns_no_attempt(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", LONG) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            for pid in trainers(job_id):
                os.kill(pid, signal.SIGTERM)
            await asyncio.sleep(0.2)
            await it.pool.stop()
            job = it.stores.jobs.get(job_id)
            assert (job.status, job.attempt, job.crash_count) == (JobStatus.QUEUED, 0, 0)

    run(scenario)


@pytest.mark.parametrize("hindrance", ["no program", "no log", "no folder"])
def test_what_keeps_a_trainer_from_starting_is_tried_again_and_named(tmp_path: Path, hindrance: str) -> None:
    async def scenario() -> None:
        command = ("/nowhere/python",) if hindrance == "no program" else (sys.executable, "-c", "pass")
        async with bench(tmp_path, command=command) as it:
            if hindrance == "no log":
                obstruct(it.folders.job_log("any").parent)
            if hindrance == "no folder":
                obstruct(it.folders.job("any").parent)
            job = await it.ended(it.submit())
            assert (job.status, job.attempt) == (JobStatus.FAILED, 3)
            assert job.failure_reason is AttemptOutcome.TEMPORARY_ERROR
            assert "could not be started" in (job.error_message or "")
            await it.idle()

    run(scenario)


@pytest.mark.postgres
def test_a_database_that_is_away_for_longer_than_the_lease_costs_a_running_job_nothing(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async def scenario() -> None:
        times = replace(TIMES, lease_s=1.0)
        stub = ("--steps", "50", "--seconds-per-step", "0.1")
        async with bench(tmp_path, *stub, times=times, url=postgres_server.new_database()) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            await asyncio.to_thread(postgres_server.stop, "immediate")
            try:
                await asyncio.sleep(2 * times.lease_s)
                assert trainers(job_id)
            finally:
                await asyncio.to_thread(postgres_server.start)
            job = await it.ended(job_id)
            assert (job.status, job.attempt, job.claim_epoch) == (JobStatus.COMPLETED, 1, 1)
            steps = [
                event.payload["current_step"] for event in it.stores.jobs.events(job_id) if event.type is EventType.STEP
            ]
            assert sorted(set(steps)) == list(range(1, 51))

    run(scenario)


@pytest.mark.postgres
def test_a_service_that_stops_while_the_database_is_away_waits_no_longer_than_the_grace(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    async def scenario() -> None:
        async with bench(tmp_path, "--steps", LONG, url=postgres_server.new_database()) as it:
            job_id = it.submit()
            await it.at_step(job_id)
            await asyncio.to_thread(postgres_server.stop, "immediate")
            try:
                started = time.monotonic()
                await it.pool.stop()
                assert time.monotonic() - started < TIMES.grace_s + LATE_S
                assert not trainers(job_id)
            finally:
                await asyncio.to_thread(postgres_server.start)
            assert it.stores.jobs.get(job_id).status is JobStatus.RUNNING

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
            await gone(pid)

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
        async with bench(tmp_path, "--steps", LONG) as it:
            job_id = it.submit()
            job = await it.at_step(job_id)
            it.manager.cancel(job_id, TRAINER)
            await it.ended(job_id)
            with pytest.raises(ClaimLost):
                it.stores.jobs.heartbeat(Claim(job_id, job.owner or "", job.claim_epoch), lease_s=1)

    run(scenario)
