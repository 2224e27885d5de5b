"""What waits for a client is bounded: figures give way first, state changes stay and stay in order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.common.feed.listener import (
    QUEUE_LIMIT,
    STALLED_S,
    THIN_FROM,
    URGENT_FROM,
    Listener,
    ListenerTooSlow,
)
from backend.common.feed.updates import Delivery, Update
from shared.models.events import EventType


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def timed() -> None:
        async with asyncio.timeout(30):
            await scenario()

    asyncio.run(timed())


def an_update(seq: int, kind: EventType = EventType.STEP, job_id: str = "job_1") -> Update:
    return Update(job_id, seq, kind.value, is_last=False, is_figure=kind is EventType.STEP, text="{}")


def taken(listener: Listener) -> list[Delivery]:
    found = []
    while (delivery := listener.take()) is not None:
        found.append(delivery)
    return found


def test_a_client_that_keeps_reading_gets_every_step_of_a_page() -> None:
    async def scenario() -> None:
        listener = Listener("job_1")
        for seq in range(1, THIN_FROM + 1):
            listener.offer(an_update(seq))
        assert [(each.update.seq, each.skipped) for each in taken(listener)] == [
            (seq, 0) for seq in range(1, THIN_FROM + 1)
        ]

    run(scenario)


def test_superseded_steps_give_way_and_the_next_update_says_how_many() -> None:
    async def scenario() -> None:
        listener = Listener("job_1")
        for seq in range(1, THIN_FROM + 2):
            listener.offer(an_update(seq))
        assert [(each.update.seq, each.skipped) for each in taken(listener)] == [(THIN_FROM + 1, THIN_FROM)]

    run(scenario)


def test_a_state_change_does_not_wait_behind_old_figures() -> None:
    async def scenario() -> None:
        listener = Listener(None)
        listener.offer(an_update(1, EventType.CHECKPOINT))
        for seq in range(2, URGENT_FROM + 10):
            listener.offer(an_update(seq))
        listener.offer(an_update(URGENT_FROM + 10, EventType.STATUS))
        assert [each.update.seq for each in taken(listener)] == [1, URGENT_FROM + 9, URGENT_FROM + 10]

    run(scenario)


def test_a_client_is_given_up_when_state_changes_alone_fill_its_queue() -> None:
    async def scenario() -> None:
        listener = Listener("job_1")
        for seq in range(1, QUEUE_LIMIT + 1):
            listener.offer(an_update(seq, EventType.MESSAGE))
        assert not listener.is_evicted
        listener.offer(an_update(QUEUE_LIMIT + 1, EventType.MESSAGE))
        assert listener.is_evicted
        with pytest.raises(ListenerTooSlow):
            listener.take()

    run(scenario)


def test_a_client_that_takes_nothing_for_long_is_given_up_however_little_waits() -> None:
    async def scenario() -> None:
        listener = Listener("job_1")
        listener.offer(an_update(1))
        now = asyncio.get_running_loop().time()
        listener._clock = lambda: now + STALLED_S + 1
        listener.offer(an_update(2))
        assert listener.is_evicted

    run(scenario)


def test_a_client_that_has_nothing_to_take_is_not_given_up() -> None:
    async def scenario() -> None:
        listener = Listener("job_1")
        now = asyncio.get_running_loop().time()
        listener._clock = lambda: now + STALLED_S + 1
        listener.offer(an_update(1))
        assert not listener.is_evicted

    run(scenario)


KINDS = st.sampled_from([EventType.STEP] * 12 + [EventType.STATUS, EventType.CHECKPOINT, EventType.MESSAGE])
BURSTS = st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), KINDS, st.integers(1, 200)), max_size=40)


@given(bursts=BURSTS, reads=st.lists(st.integers(0, 300), max_size=40))
def test_whatever_is_offered_and_read_nothing_but_old_figures_is_missing(
    bursts: list[tuple[str, EventType, int]], reads: list[int]
) -> None:
    async def scenario() -> None:
        listener = Listener(None)
        heads: dict[str, int] = {}
        offered: list[Update] = []
        got: list[Delivery] = []
        for number, (job_id, kind, count) in enumerate(bursts):
            for _ in range(count):
                heads[job_id] = heads.get(job_id, 0) + 1
                update = an_update(heads[job_id], kind, job_id)
                offered.append(update)
                listener.offer(update)
                if listener.is_evicted:
                    others = [each for each in offered if each.kind is not EventType.STEP]
                    assert len(others) + len(heads) > QUEUE_LIMIT
                    return
            for _ in range(reads[number] if number < len(reads) else 0):
                got += [delivery] if (delivery := listener.take()) else []
        got += taken(listener)
        complain(offered, got)

    run(scenario)


def complain(offered: list[Update], got: list[Delivery]) -> None:
    """Fail unless what a client got is what was offered less superseded steps, in order and with honest marks."""
    given_up = {id(update) for update in offered} - {id(each.update) for each in got}
    assert [each.update for each in got] == [update for update in offered if id(update) not in given_up]
    assert all(update.is_figure for update in offered if id(update) in given_up)
    newest: dict[str, Any] = {update.subject_id: update for update in offered if update.is_figure}
    assert given_up.isdisjoint(id(update) for update in newest.values())
    last: dict[str, int] = {}
    for each in got:
        assert each.update.seq == last.get(each.update.subject_id, 0) + each.skipped + 1
        last[each.update.subject_id] = each.update.seq
    assert sum(each.skipped for each in got) == len(given_up)
