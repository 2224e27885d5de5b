"""The pool between queue and supervisor: who looks when, and what one bad job cannot do to the others."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from backend.training.workers.pool import WorkerPool
from backend.training.workers.supervisor import Supervisor
from shared.database.base import JobStore
from shared.database.stores import Stores, memory_stores
from shared.models.job import AttemptOutcome, Claim, JobStatus, Lease, TrainingJob
from tests.support.flaky_jobs import FlakyJobs
from tests.support.store_values import a_job, an_audit, claimed, queued

pytestmark = pytest.mark.anyio

LONG_S = 3600.0


class Desk:
    """Stands where the supervisor stands: says what happens to a claimed job."""

    def __init__(self, jobs: JobStore, raises: Exception | None = None) -> None:
        self.seen: list[str] = []
        self._jobs = jobs
        self._raises = raises

    async def run(self, job: TrainingJob, claim: Claim, stop: asyncio.Event) -> None:
        self.seen.append(job.job_name)
        if self._raises is not None and job.tags == ("bad",):
            raise self._raises
        self._jobs.fail(claim, error_message="done with", outcome=AttemptOutcome.ERROR)


def nothing() -> int:
    return 0


@asynccontextmanager
async def pool_of(jobs: JobStore, desk: Desk | None = None, **options: Any) -> AsyncIterator[WorkerPool]:
    admit: Callable[[], int] = options.pop("admit", nothing)
    values = {"size": 1, "lease_s": LONG_S, "poll_s": 0.01, **options}
    pool = WorkerPool(jobs, cast(Supervisor, desk or Desk(jobs)), admit, **values)
    pool.start()
    try:
        yield pool
    finally:
        await pool.stop()


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_true():
            await asyncio.sleep(0.005)


def all_ended(stores: Stores) -> bool:
    return stores.jobs.counts().active == 0


async def test_sixteen_idle_workers_ask_the_database_no_more_often_than_one() -> None:
    flaky, jobs = FlakyJobs.before(memory_stores().jobs)
    async with pool_of(jobs, size=16, poll_s=LONG_S):
        await until(lambda: flaky.calls["claim"] >= 1 and flaky.calls["leases"] >= 1)
        await asyncio.sleep(0.05)
        assert flaky.calls["claim"] == 1


async def test_all_idle_workers_take_what_was_queued_at_one_wake_up() -> None:
    stores = memory_stores()
    held = asyncio.Event()
    desk = Desk(stores.jobs)

    async def hold(job: TrainingJob, claim: Claim, stop: asyncio.Event) -> None:
        desk.seen.append(job.job_name)
        await held.wait()

    desk.run = hold  # type: ignore[method-assign]  # these jobs last
    async with pool_of(stores.jobs, desk, size=3, poll_s=LONG_S) as pool:
        await asyncio.sleep(0.02)
        for number in range(4):
            queued(stores, number)
        pool.wake()
        await until(lambda: len(desk.seen) == 3)
        assert [worker.status for worker in pool.workers()] == ["active"] * 3
        held.set()
        await until(lambda: len(desk.seen) == 4)


async def test_a_job_that_cannot_be_supervised_is_given_back_with_the_reason_and_the_next_one_runs() -> None:
    stores = memory_stores()
    bad = queued(stores, 0, tags=("bad",))
    good = queued(stores, 1)
    async with pool_of(stores.jobs, Desk(stores.jobs, RuntimeError("odd config"))):
        await until(lambda: all_ended(stores))
    ended = stores.jobs.get(bad.job_id)
    assert (ended.status, ended.attempt, ended.failure_reason) == (JobStatus.FAILED, 3, AttemptOutcome.CRASH)
    assert "RuntimeError: odd config" in (ended.error_message or "")
    assert stores.jobs.get(good.job_id).error_message == "done with"


async def test_the_reason_is_found_in_a_group_of_errors() -> None:
    stores = memory_stores()
    bad = queued(stores, 0, tags=("bad",))
    errors = ExceptionGroup("unhandled errors in a TaskGroup", [KeyError("type")])
    async with pool_of(stores.jobs, Desk(stores.jobs, errors)):
        await until(lambda: all_ended(stores))
    assert "KeyError: 'type'" in (stores.jobs.get(bad.job_id).error_message or "")


async def test_a_claim_that_fails_for_an_unknown_reason_ends_no_worker() -> None:
    stores = memory_stores()
    flaky, jobs = FlakyJobs.before(stores.jobs)
    failures = iter([ValueError("a row that nobody can read"), ValueError("still there")])
    claim = jobs.claim

    def claim_badly(owner: str, *, lease_s: float) -> Any:
        for failure in failures:
            raise failure
        return claim(owner, lease_s=lease_s)

    flaky.claim = claim_badly  # type: ignore[attr-defined]  # in front of the store's own
    job = queued(stores)
    async with pool_of(jobs):
        await until(lambda: stores.jobs.get(job.job_id).status is JobStatus.FAILED)


async def test_a_database_that_goes_away_and_comes_back_ends_no_worker() -> None:
    stores = memory_stores()
    flaky, jobs = FlakyJobs.before(stores.jobs)
    flaky.is_away = True
    job = queued(stores)
    async with pool_of(jobs):
        await until(lambda: flaky.calls["claim"] >= 3)
        flaky.is_away = False
        await until(lambda: stores.jobs.get(job.job_id).status is JobStatus.FAILED)


async def test_thousands_of_pending_jobs_are_admitted_without_a_pause_between_rounds() -> None:
    stores = memory_stores()
    for number in range(1000):
        stores.jobs.add(a_job(number), audit=an_audit())

    def admit() -> int:
        found = stores.jobs.pending(200)
        for job in found:
            stores.jobs.admit(job)
        return len(found)

    async with pool_of(stores.jobs, size=1, poll_s=LONG_S, admit=admit):
        await until(lambda: not stores.jobs.pending(1))


async def test_a_silent_lease_is_rescued_while_admission_hangs() -> None:
    stores = memory_stores()
    queued(stores)
    job, _ = claimed(stores, "dead worker")
    release = threading.Event()

    def hang() -> int:
        release.wait(20)
        return 0

    async with pool_of(stores.jobs, lease_s=1.0, admit=hang):
        try:
            await until(lambda: stores.jobs.get(job.job_id).status is JobStatus.FAILED)
        finally:
            release.set()
    outcomes = [attempt.outcome for attempt in stores.jobs.attempts(job.job_id)]
    assert outcomes == [AttemptOutcome.LEASE_EXPIRED, AttemptOutcome.ERROR]


async def test_a_lease_that_cannot_be_rescued_holds_up_no_other_rescue() -> None:
    stores = memory_stores()
    flaky, jobs = FlakyJobs.before(stores.jobs)
    queued(stores, 0)
    queued(stores, 1)
    (unreadable, _), (other, _) = claimed(stores, "dead worker"), claimed(stores, "dead worker")
    rescue = jobs.rescue

    def rescue_others(lease: Lease) -> TrainingJob | None:
        if lease.claim.job_id == unreadable.job_id:
            raise ValueError("a row that nobody can read")
        return rescue(lease)

    flaky.rescue = rescue_others  # type: ignore[attr-defined]  # in front of the store's own
    async with pool_of(jobs, lease_s=1.0):
        await until(lambda: stores.jobs.get(other.job_id).status is JobStatus.FAILED)
    assert stores.jobs.get(unreadable.job_id).status is JobStatus.RUNNING


async def test_a_pool_that_stops_claims_nothing_more() -> None:
    stores = memory_stores()
    async with pool_of(stores.jobs) as pool:
        pool.begin_stop()
        job = queued(stores)
        await pool.stop()
    assert stores.jobs.get(job.job_id).status is JobStatus.QUEUED
