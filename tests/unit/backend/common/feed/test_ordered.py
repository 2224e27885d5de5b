"""One client gets every update once and in order, whether it was stored, queued, left out on purpose or missed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from backend.common.feed.listener import Listener
from backend.common.feed.ordered import OrderedUpdates
from backend.common.feed.updates import Delivery
from backend.training.job_updates import JobEvents, update_of
from shared.database.base import JobStore
from shared.database.stores import memory_stores
from tests.support.job_writer import JobWriter


def run(scenario: Callable[[JobStore, JobWriter, Listener, OrderedUpdates], Awaitable[None]]) -> None:
    async def timed() -> None:
        jobs = memory_stores().jobs
        listener = Listener("job_1")
        updates = OrderedUpdates(JobEvents(jobs), listener)
        async with asyncio.timeout(10):
            await scenario(jobs, JobWriter(jobs), listener, updates)

    asyncio.run(timed())


async def seqs(deliveries: AsyncIterator[Delivery]) -> list[int]:
    return [each.update.seq async for each in deliveries]


def offer(jobs: JobStore, listener: Listener, *numbers: int) -> None:
    for event in jobs.events("job_1"):
        if event.seq in numbers:
            listener.offer(update_of(event))


def test_live_updates_follow_on_a_replay_without_a_gap_and_without_repetition() -> None:
    async def scenario(jobs: JobStore, writer: JobWriter, listener: Listener, updates: OrderedUpdates) -> None:
        writer.log(7)
        offer(jobs, listener, 8)
        assert await seqs(updates.replay("job_1", 2)) == [3, 4, 5, 6, 7, 8, 9, 10]
        writer.log(2)
        offer(jobs, listener, 9, 10, 11, 12)
        assert await seqs(updates.live()) == [11, 12]

    run(scenario)


def test_updates_that_come_during_a_replay_are_read_from_the_store() -> None:
    async def scenario(jobs: JobStore, writer: JobWriter, listener: Listener, updates: OrderedUpdates) -> None:
        got = []
        async for delivery in updates.replay("job_1", 0):
            got.append(delivery.update.seq)
            if len(got) <= 5:
                writer.log()
                offer(jobs, listener, writer.job.event_seq)
        assert got == [1, 2, 3, 4, 5, 6, 7, 8]
        assert await seqs(updates.live()) == []

    run(scenario)


def test_missed_updates_are_read_from_the_store() -> None:
    async def scenario(jobs: JobStore, writer: JobWriter, listener: Listener, updates: OrderedUpdates) -> None:
        writer.log(4)
        offer(jobs, listener, 2, 7)
        assert await seqs(updates.live()) == [2, 3, 4, 5, 6, 7]

    run(scenario)


def test_updates_left_out_on_purpose_stay_out_and_are_marked() -> None:
    async def scenario(jobs: JobStore, writer: JobWriter, listener: Listener, updates: OrderedUpdates) -> None:
        writer.log(600)
        assert len(await seqs(updates.replay("job_1", 0))) == 603
        writer.log(600)
        for event in jobs.events("job_1", after=603, limit=600):
            listener.offer(update_of(event))
        got = [delivery async for delivery in updates.live()]
        assert len(got) < 600
        assert sum(delivery.skipped + 1 for delivery in got) == 600
        assert got[-1].update.seq == 1203

    run(scenario)


def test_a_client_that_knows_more_than_there_is_gets_what_comes_next() -> None:
    async def scenario(jobs: JobStore, writer: JobWriter, listener: Listener, updates: OrderedUpdates) -> None:
        assert await seqs(updates.replay("job_1", 1_000_000)) == []
        writer.log()
        offer(jobs, listener, 4)
        assert await seqs(updates.live()) == [4]

    run(scenario)


def test_a_listener_of_all_jobs_does_not_gather_the_numbers_of_ended_ones() -> None:
    async def scenario() -> None:
        jobs = memory_stores().jobs
        listener = Listener(None)
        updates = OrderedUpdates(JobEvents(jobs), listener)
        JobWriter(jobs).fail()
        offer(jobs, listener, 1, 2, 3, 4)
        assert await seqs(updates.live()) == [1, 2, 3, 4]
        assert updates._last_seq == {}

    asyncio.run(scenario())
