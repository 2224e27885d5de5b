"""Listeners get every event of their job once and in order, whoever wrote it; the slow are told so."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from backend.training.api.updates import OrderedEvents, job_update
from backend.training.feed import QUEUE_LIMIT, EventFeed, Listener, ListenerTooSlow
from shared.database.base import JobStore
from shared.database.stores import memory_stores
from shared.models.events import AuditEntry, EventType, JobEvent
from shared.models.job import Claim, Progress, TrainingJob
from shared.utils.clock import utc_now


class Writer:
    """A job that runs and logs steps, as another service would write them."""

    def __init__(self, jobs: JobStore, job_id: str = "job_1") -> None:
        self.jobs = jobs
        audit = AuditEntry(action="job.submitted", object_type="job", object_id=job_id, actor="a")
        job = TrainingJob(
            job_id=job_id,
            job_name="n",
            trainer_type="lora",
            config={},
            created_by="a",
            created_at=utc_now(),
            output_dir="o",
        )
        jobs.admit(jobs.add(job, audit=audit))
        claimed = jobs.claim("w", lease_s=60)
        assert claimed is not None
        self.claim: Claim = claimed[1]
        self.step = 0

    def log(self, count: int = 1) -> None:
        for _ in range(count):
            self.step += 1
            self.jobs.record_progress(self.claim, Progress(current_step=self.step, total_steps=10_000))


class Manager:
    """The one method of the manager that replay needs."""

    def __init__(self, jobs: JobStore) -> None:
        self.events = jobs.events


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def timed() -> None:
        async with asyncio.timeout(10):
            await scenario()

    asyncio.run(timed())


async def take(listener: Listener, count: int) -> list[JobEvent]:
    return [await listener.next() for _ in range(count)]


def test_news_reach_the_listeners_of_the_job_and_of_all_jobs(tmp_path: Path) -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        one, two = Writer(jobs), Writer(jobs, "job_2")
        feed = EventFeed(jobs, poll_s=0.02)
        runner = asyncio.create_task(feed.run())
        async with feed.listen("job_1") as mine, feed.listen(None) as everything:
            one.log(3)
            two.log(2)
            assert [event.payload["current_step"] for event in await take(mine, 3)] == [1, 2, 3]
            seen = await take(everything, 5)
            assert {event.job_id for event in seen} == {"job_1", "job_2"}
        runner.cancel()

    run(scenario)


def test_replay_and_live_events_are_told_once_without_gaps() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        writer = Writer(jobs)
        writer.log(5)
        feed = EventFeed(jobs, poll_s=0.02)
        runner = asyncio.create_task(feed.run())
        async with feed.listen("job_1") as listener:
            events = OrderedEvents(Manager(jobs), listener)  # type: ignore[arg-type]
            writer.log(2)
            sequence = [event.seq async for event in events.replay("job_1", 0)]
            writer.log(3)
            live = aiter(events.live())
            sequence += [(await anext(live)).seq for _ in range(3)]
            assert sequence == list(range(1, len(sequence) + 1))
        runner.cancel()

    run(scenario)


def test_a_gap_in_the_live_events_is_filled_from_the_store() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        writer = Writer(jobs)
        writer.log(4)
        listener = Listener("job_1")
        events = OrderedEvents(Manager(jobs), listener)  # type: ignore[arg-type]
        stored = jobs.events("job_1")
        listener.offer(stored[0])
        listener.offer(stored[-1])
        live = aiter(events.live())
        assert [(await anext(live)).seq for _ in range(len(stored))] == [event.seq for event in stored]

    run(scenario)


def test_a_listener_that_does_not_read_is_evicted_after_what_was_queued() -> None:
    async def scenario() -> None:
        listener = Listener(None)
        event = JobEvent("j", 1, EventType.STEP, {}, utc_now())
        for _ in range(QUEUE_LIMIT + 1):
            listener.offer(event)
        await take(listener, QUEUE_LIMIT)
        with pytest.raises(ListenerTooSlow):
            await listener.next()

    run(scenario)


def test_an_update_has_the_shape_of_the_contract() -> None:
    payload = {"status": "running", "progress_percent": 1.0, "current_step": 2, "plan": {"records": 3}}
    update = job_update(JobEvent("job_1", 7, EventType.MESSAGE, payload, utc_now()))
    assert (update["type"], update["job_id"], update["seq"], update["status"]) == ("job_update", "job_1", 7, "running")
    assert update["detail"] == {"plan": {"records": 3}}
    assert str(update["timestamp"]).endswith("Z")
