import asyncio
import threading
import time

import pytest

from backend.common.blocking import ThreadLane, bound_threads, in_thread
from shared.utils.log_context import bound, correlation_id

pytestmark = pytest.mark.anyio


async def test_the_call_runs_in_another_thread_with_its_arguments_and_the_callers_context() -> None:
    def blocking(first: int, *, second: int) -> tuple[int, str | None, bool]:
        return first + second, correlation_id(), threading.current_thread() is threading.main_thread()

    with bound(correlation_id="r1"):
        assert await in_thread(blocking, 1, second=2) == (3, "r1", False)


async def test_its_errors_reach_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


async def test_no_more_threads_run_at_once_than_allowed() -> None:
    bound_threads(3)
    running, most, lock = 0, 0, threading.Lock()

    def blocking() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    await asyncio.gather(*(in_thread(blocking) for _ in range(12)))
    assert most == 3


async def test_a_cancelled_caller_waits_until_the_work_is_done() -> None:
    may_end, is_done = threading.Event(), threading.Event()

    def blocking() -> None:
        may_end.wait(30)
        is_done.set()

    task = asyncio.create_task(in_thread(blocking))
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_done.is_set()


async def test_not_even_a_second_cancellation_leaves_the_work_alone() -> None:
    may_end, is_done = threading.Event(), threading.Event()

    def blocking() -> None:
        may_end.wait(30)
        is_done.set()
        raise ValueError("nobody is left to be told")

    task = asyncio.create_task(in_thread(blocking))
    for _ in range(3):
        await asyncio.sleep(0.02)
        task.cancel()
    await asyncio.sleep(0.02)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_done.is_set()


async def test_a_lane_of_its_own_is_open_while_all_other_threads_are_taken() -> None:
    bound_threads(1)
    lane, release = ThreadLane(1), threading.Event()
    slow = asyncio.create_task(in_thread(release.wait, 10))
    await asyncio.sleep(0.02)
    try:
        assert await lane.run(lambda: "passed") == "passed"
        assert not slow.done()
    finally:
        release.set()
        await slow


async def test_a_lane_lets_no_more_calls_in_than_it_has_threads() -> None:
    lane, release, entered = ThreadLane(2), threading.Event(), threading.Semaphore(0)

    def blocking() -> None:
        entered.release()
        release.wait(10)

    calls = [asyncio.create_task(lane.run(blocking)) for _ in range(3)]
    await in_thread(lambda: (entered.acquire(), entered.acquire()))
    assert not entered.acquire(blocking=False)
    release.set()
    await asyncio.gather(*calls)
