"""Listeners get every event of their job once and in order, whoever wrote it and whatever the clocks say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.common.feed.event_feed import EventFeed
from backend.common.feed.listener import Listener
from backend.common.feed.updates import Delivery
from backend.training.job_updates import JobEvents
from shared.database.base import JobStore
from shared.database.memory.job_store import MemoryJobStore
from shared.database.memory.state import MemoryState
from shared.database.stores import memory_stores
from shared.errors import Unavailable
from tests.support.job_writer import JobWriter


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def timed() -> None:
        async with asyncio.timeout(10):
            await scenario()

    asyncio.run(timed())


@asynccontextmanager
async def running_feed(jobs: JobStore, **options: int) -> AsyncIterator[EventFeed]:
    feed = EventFeed(JobEvents(jobs), poll_s=0.01, **options)
    runner = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)


async def take(listener: Listener, count: int) -> list[Delivery]:
    got: list[Delivery] = []
    while len(got) < count:
        delivery = listener.take()
        if delivery is None:
            await listener.wait()
        else:
            got.append(delivery)
    return got


async def seqs(listener: Listener, count: int) -> list[int]:
    return [each.update.seq for each in await take(listener, count)]


def test_news_reach_the_listeners_of_the_job_and_of_all_jobs() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        one, two = JobWriter(jobs), JobWriter(jobs, "job_2")
        async with running_feed(jobs) as feed, feed.listen("job_1") as mine, feed.listen(None) as every:
            one.log(3)
            two.log(2)
            assert await seqs(mine, 3) == [4, 5, 6]
            got = await take(every, 5)
            assert sorted((each.update.subject_id, each.update.seq) for each in got) == [
                ("job_1", 4), ("job_1", 5), ("job_1", 6), ("job_2", 4), ("job_2", 5)
            ]  # fmt: skip

    run(scenario)


def test_a_job_that_came_and_went_between_two_looks_is_told_from_its_first_event() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        JobWriter(jobs, "older").fail()
        async with running_feed(jobs) as feed, feed.listen(None) as every:
            JobWriter(jobs).fail()
            assert await seqs(every, 4) == [1, 2, 3, 4]

    run(scenario)


def test_no_jump_of_the_wall_clock_hides_a_change() -> None:
    async def scenario() -> None:
        now = [datetime(2026, 11, 20, tzinfo=UTC)]
        jobs = MemoryJobStore(MemoryState(clock=lambda: now[0]))
        writer = JobWriter(jobs)
        async with running_feed(jobs) as feed, feed.listen("job_1") as mine:
            for seq, jump in enumerate((timedelta(hours=-3), timedelta(days=2), timedelta(days=-400)), start=4):
                now[0] += jump
                writer.log()
                assert await seqs(mine, 1) == [seq]

    run(scenario)


def test_every_listener_gets_the_same_text_and_an_event_is_read_once() -> None:
    async def scenario() -> None:
        jobs = CountingJobs(memory_stores().jobs)
        writer = JobWriter(jobs)  # type: ignore[arg-type]  # passes every call on
        async with running_feed(jobs) as feed, feed.listen("job_1") as one, feed.listen("job_1") as two:  # type: ignore[arg-type]  # as above
            writer.log()
            (first,), (second,) = await take(one, 1), await take(two, 1)
            assert first.update is second.update
            assert jobs.calls.count("events") == 1

    run(scenario)


def test_jobs_that_nobody_listens_to_are_not_read() -> None:
    async def scenario() -> None:
        jobs = CountingJobs(memory_stores().jobs)
        writer, other = JobWriter(jobs), JobWriter(jobs, "job_2")  # type: ignore[arg-type]  # passes every call on
        async with running_feed(jobs) as feed, feed.listen("job_1") as mine:  # type: ignore[arg-type]  # as above
            other.log(5)
            writer.log()
            await take(mine, 1)
            async with feed.listen("job_2") as late:
                other.log()
                assert await seqs(late, 1) == [9]
            assert jobs.calls.count("events") == 2

    run(scenario)


def test_nobody_listening_means_no_polling() -> None:
    async def scenario() -> None:
        jobs = CountingJobs(memory_stores().jobs)
        async with running_feed(jobs):  # type: ignore[arg-type]  # passes every call on
            await asyncio.sleep(0.1)
        assert jobs.calls == []

    run(scenario)


def test_a_listener_that_comes_when_all_had_left_gets_no_old_news() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        writer = JobWriter(jobs)
        async with running_feed(jobs) as feed:
            async with feed.listen(None) as first:
                writer.log()
                await take(first, 1)
            await asyncio.sleep(0.1)
            writer.log(50)
            async with feed.listen(None) as second:
                writer.log()
                assert await seqs(second, 1) == [55]

    run(scenario)


def test_more_than_a_page_of_news_is_told_in_order() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        writer = JobWriter(jobs)
        async with running_feed(jobs) as feed, feed.listen("job_1") as mine:
            writer.log(1200)
            assert await seqs(mine, 1200) == list(range(4, 1204))

    run(scenario)


def test_events_of_an_outage_are_told_after_it() -> None:
    async def scenario() -> None:
        jobs = CountingJobs(memory_stores().jobs)
        writer = JobWriter(jobs)  # type: ignore[arg-type]  # passes every call on
        async with running_feed(jobs) as feed, feed.listen("job_1") as mine:  # type: ignore[arg-type]  # as above
            jobs.outages = 3
            writer.log(2)
            assert await seqs(mine, 2) == [4, 5]
            assert jobs.outages == 0

    run(scenario)


def test_ended_jobs_are_forgotten_and_never_told_again() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        staying = JobWriter(jobs, "staying")
        async with running_feed(jobs, remembered=10) as feed, feed.listen(None) as every:
            for number in range(40):
                JobWriter(jobs, f"short_{number}").fail()
                assert await seqs(every, 4) == [1, 2, 3, 4]
            assert len(feed._heads) <= 22
            staying.log()
            assert await seqs(every, 1) == [4]

    run(scenario)


def test_a_feed_that_stops_ends_its_listeners_and_those_to_come() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        writer = JobWriter(jobs)
        async with running_feed(jobs) as feed, feed.listen("job_1") as early:
            feed.stop()
            async with feed.listen("job_1") as late:
                await asyncio.gather(early.ended, late.ended)
                writer.log()
                await asyncio.sleep(0.05)
                assert (early.take(), late.take()) == (None, None)
                assert not early.is_evicted
                assert not late.is_evicted

    run(scenario)


class CountingJobs:
    """A store that counts calls, and is away for the next `outages` looks for changes."""

    def __init__(self, jobs: JobStore) -> None:
        self._jobs = jobs
        self.calls: list[str] = []
        self.outages = 0

    def __getattr__(self, name: str) -> Any:
        self.calls += [name] if name in {"events", "changes"} else []
        return getattr(self._jobs, name)

    def changes(self, cursor: int | None = None) -> Any:
        self.calls.append("changes")
        if self.outages:
            self.outages -= 1
            raise Unavailable("away")
        return self._jobs.changes(cursor)
