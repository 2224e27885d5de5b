"""Who writes, who waits, and who no longer does."""

import asyncio
import threading
from collections.abc import Awaitable
from typing import Any, NoReturn

import pytest

from backend.common.blocking import bound_threads, in_thread
from backend.datasets.export_turns import ExportTurns, TooManyExports, endless

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Gone(Exception):
    """Nobody waits any more."""


class Writing:
    """Exports that last until they are let go, and note when they began."""

    def __init__(self, at_once: int, *, most_waiting: int = 64) -> None:
        self.turns = ExportTurns(at_once, most_waiting=most_waiting)
        self.began: list[str] = []
        self._let_go: dict[str, threading.Event] = {}
        self._tasks: list[asyncio.Task[str]] = []

    async def begin(self, name: str, gone: asyncio.Event | None = None) -> asyncio.Task[str]:
        async def patience() -> NoReturn:
            await (gone or asyncio.Event()).wait()
            raise Gone

        self._let_go[name] = threading.Event()
        task = asyncio.create_task(self.turns.run(self._write, patience, name))
        self._tasks.append(task)
        await asyncio.sleep(0.05)
        return task

    async def end(self, name: str, task: Awaitable[str]) -> None:
        self._let_go[name].set()
        assert await task == name
        await asyncio.sleep(0.05)

    async def close(self) -> None:
        for event in self._let_go.values():
            event.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _write(self, name: str) -> str:
        self.began.append(name)
        self._let_go[name].wait(10)
        return name


@pytest.fixture
async def two() -> Any:
    writing = Writing(2)
    yield writing
    await writing.close()


async def test_no_more_run_than_may_and_the_others_follow_in_order(two: Writing) -> None:
    tasks = {name: await two.begin(name) for name in "abcd"}
    assert two.began == ["a", "b"]
    await two.end("b", tasks["b"])
    assert two.began == ["a", "b", "c"]
    await two.end("a", tasks["a"])
    assert two.began == ["a", "b", "c", "d"]


async def test_neither_those_who_write_nor_those_who_wait_hold_a_thread_of_requests(two: Writing) -> None:
    bound_threads(1)
    for name in "abcdef":
        await two.begin(name)

    async with asyncio.timeout(5):
        assert await in_thread(lambda: "answered") == "answered"


async def test_who_goes_away_gives_up_the_place(two: Writing) -> None:
    gone = asyncio.Event()
    first, _, waiting = await two.begin("a"), await two.begin("b"), await two.begin("c", gone)
    last = await two.begin("d")
    gone.set()
    with pytest.raises(Gone):
        await waiting
    await two.end("a", first)

    assert two.began == ["a", "b", "d"]
    await two.end("d", last)


async def test_who_is_cancelled_while_waiting_gives_up_the_place(two: Writing) -> None:
    first, _, waiting = await two.begin("a"), await two.begin("b"), await two.begin("c")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await two.end("a", first)
    await two.end("d", await two.begin("d"))

    assert two.began == ["a", "b", "d"]


async def test_a_turn_that_comes_as_somebody_is_cancelled_is_the_next_ones() -> None:
    writing = Writing(1)
    first, leaving, last = [await writing.begin(name) for name in "abc"]
    # its turn is given before this is called, and it runs on after it
    first.add_done_callback(lambda _: leaving.cancel())
    await writing.end("a", first)

    assert leaving.cancelled()
    assert writing.began == ["a", "c"]
    await writing.end("c", last)


async def test_what_is_being_written_goes_on_when_nobody_waits_for_it(two: Writing) -> None:
    gone = asyncio.Event()
    task = await two.begin("a", gone)
    gone.set()
    await asyncio.sleep(0.05)

    assert not task.done()
    await two.end("a", task)


async def test_a_turn_that_fails_is_given_on() -> None:
    turns = ExportTurns(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await turns.run(lambda: 1 / 0, endless)


async def test_where_too_many_wait_the_next_one_is_told() -> None:
    writing = Writing(1, most_waiting=2)
    first, *_ = [await writing.begin(name) for name in "abc"]
    with pytest.raises(TooManyExports, match="2 exports and publications wait"):
        await writing.turns.run(lambda: "d", endless)
    await writing.end("a", first)
    later = await writing.begin("d")

    assert writing.began == ["a", "b"]
    assert not later.done()
    await writing.close()
