"""A claim whose writes outlast a database that is away, and that knows when it is lost."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backend.common.blocking import ThreadLane
from backend.training.workers.attempt import Verdict
from backend.training.workers.held_job import HeldJob, LeaseTimes
from shared.database.base import ClaimLost
from shared.database.stores import Stores, memory_stores
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, JobStatus, Progress, TrainingJob
from tests.support.flaky_jobs import FlakyJobs
from tests.support.store_values import a_checkpoint, an_adapter, an_audit, claimed, queued

pytestmark = pytest.mark.anyio

TIMES = LeaseTimes(lease_s=60.0, heartbeat_s=20.0, give_up_s=0.05, retry_s=0.0)


@dataclass
class Bench:
    """A held job, and ways to see and disturb it."""

    stores: Stores
    database: FlakyJobs
    held: HeldJob
    stop: asyncio.Event

    @property
    def job(self) -> TrainingJob:
        return self.stores.jobs.get(self.held.job.job_id)

    def outcomes(self) -> list[AttemptOutcome | None]:
        return [attempt.outcome for attempt in self.stores.jobs.attempts(self.job.job_id)]


def bench(times: LeaseTimes = TIMES) -> Bench:
    stores = memory_stores()
    queued(stores)
    job, claim = claimed(stores)
    database, jobs = FlakyJobs.before(stores.jobs)
    stop = asyncio.Event()
    return Bench(stores, database, HeldJob(jobs, job, claim, times, stop=stop, lane=ThreadLane(2)), stop)


async def until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.005)


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_look_renews_the_lease_at_once_and_sees_what_was_asked() -> None:
    it = bench()
    keeping = asyncio.create_task(it.held.keep())
    it.stores.jobs.pause(it.job.job_id, audit=an_audit())
    it.held.look()
    async with asyncio.timeout(10):
        await it.held.pause.wait()
    assert not it.held.cancel.is_set()
    it.stores.jobs.cancel(it.job.job_id, audit=an_audit())
    it.held.look()
    async with asyncio.timeout(10):
        await it.held.cancel.wait()
    await ended(keeping)


async def test_renewals_come_often_enough_for_two_of_them_to_fail() -> None:
    it = bench(LeaseTimes(lease_s=0.03, heartbeat_s=3600, give_up_s=1, retry_s=0))
    keeping = asyncio.create_task(it.held.keep())
    await until(lambda: it.job.beat >= 4)
    await ended(keeping)


async def test_while_the_database_is_away_renewals_are_tried_again_and_the_claim_is_kept() -> None:
    it = bench()
    keeping = asyncio.create_task(it.held.keep())
    it.database.is_away = True
    it.held.look()
    await until(lambda: it.database.calls["heartbeat"] >= 2)
    before = it.job.beat
    it.database.is_away = False
    await until(lambda: it.job.beat > before)
    assert not keeping.done()
    await ended(keeping)


async def test_a_claim_that_another_has_is_lost() -> None:
    it = bench()
    keeping = asyncio.create_task(it.held.keep())
    (lease,) = it.stores.jobs.leases()
    assert it.stores.jobs.rescue(lease) is not None
    it.held.look()
    with pytest.raises(ClaimLost):
        await keeping
    with pytest.raises(ClaimLost):
        await it.held.progress(Progress(current_step=1), EventType.STEP, {})


async def test_a_renewal_that_comes_after_the_end_of_the_attempt_loses_nothing() -> None:
    it = bench()
    keeping = asyncio.create_task(it.held.keep())
    await it.held.end(Verdict(AttemptOutcome.HANDED_BACK))
    beats = it.database.calls["heartbeat"]
    it.held.look()
    await until(lambda: it.database.calls["heartbeat"] > beats)
    await asyncio.sleep(0.01)
    assert not keeping.done()
    await ended(keeping)


async def test_once_the_service_stops_there_is_an_end_to_trying() -> None:
    it = bench()
    patience = asyncio.create_task(it.held.limit_patience())
    it.database.is_away = True
    it.stop.set()
    with pytest.raises(ClaimLost):
        async with asyncio.timeout(10):
            await it.held.end(Verdict(AttemptOutcome.HANDED_BACK))
    await patience
    assert it.job.status is JobStatus.RUNNING


async def test_a_checkpoint_whose_answer_was_lost_is_registered_once() -> None:
    it = bench()
    it.database.lose_answer_of("add_checkpoint")
    await it.held.checkpoint(a_checkpoint(it.job, 5))
    assert it.database.calls["add_checkpoint"] == 2
    assert [one.step for one in it.stores.jobs.checkpoints(it.job.job_id)] == [5]


async def test_a_completion_whose_answer_was_lost_is_one_completion() -> None:
    it = bench()
    it.database.lose_answer_of("complete")
    await it.held.complete(an_adapter(it.job), Progress(current_step=3, total_steps=3))
    assert it.job.status is JobStatus.COMPLETED
    assert it.outcomes() == [AttemptOutcome.COMPLETED]


async def test_a_completion_that_came_too_late_is_lost() -> None:
    it = bench()
    (lease,) = it.stores.jobs.leases()
    it.stores.jobs.rescue(lease)
    with pytest.raises(ClaimLost):
        await it.held.complete(an_adapter(it.job), Progress())
    assert it.job.status is JobStatus.QUEUED


async def test_a_release_whose_answer_was_lost_counts_once() -> None:
    it = bench()
    it.database.lose_answer_of("release")
    with pytest.raises(ClaimLost):
        await it.held.end(Verdict(AttemptOutcome.CRASH, "gone"))
    assert (it.job.status, it.job.crash_count) == (JobStatus.QUEUED, 1)


@pytest.mark.parametrize(
    "outcome",
    [AttemptOutcome.ERROR, AttemptOutcome.TIMEOUT, AttemptOutcome.CRASH, AttemptOutcome.PAUSED],
)
async def test_a_cancel_that_was_acknowledged_first_wins_over_every_end(outcome: AttemptOutcome) -> None:
    it = bench()
    it.stores.jobs.cancel(it.job.job_id, audit=an_audit())
    await it.held.end(Verdict(outcome, "ended"))
    assert it.job.status is JobStatus.CANCELLED


async def test_a_cancel_that_was_acknowledged_first_wins_over_the_adapter() -> None:
    it = bench()
    it.stores.jobs.cancel(it.job.job_id, audit=an_audit())
    await it.held.complete(an_adapter(it.job), Progress())
    assert it.job.status is JobStatus.CANCELLED


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (AttemptOutcome.ERROR, JobStatus.FAILED),
        (AttemptOutcome.TIMEOUT, JobStatus.FAILED),
        (AttemptOutcome.STALLED, JobStatus.QUEUED),
        (AttemptOutcome.OUT_OF_MEMORY, JobStatus.QUEUED),
        (AttemptOutcome.TEMPORARY_ERROR, JobStatus.QUEUED),
        (AttemptOutcome.HANDED_BACK, JobStatus.QUEUED),
    ],
)
async def test_what_may_end_better_is_tried_again_and_the_rest_fails(
    outcome: AttemptOutcome, status: JobStatus
) -> None:
    it = bench()
    await it.held.end(Verdict(outcome, "what happened"))
    assert (it.job.status, it.outcomes()) == (status, [outcome])
    (attempt,) = it.stores.jobs.attempts(it.job.job_id)
    assert attempt.message == "what happened"
