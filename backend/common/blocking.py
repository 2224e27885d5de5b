"""Call what blocks (managers, databases, disks) from async routes without stopping the event loop.

The threads are the standard library's. anyio's, which FastAPI would use, cost each call a task, scopes and a limiter
more, and an idle service 1 MB.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar
from weakref import WeakKeyDictionary

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_THREADS = 16

# not the default one of the loop, in which names are looked up: that must not wait behind slow requests
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Executor] = WeakKeyDictionary()


async def in_thread(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`fn(*args, **kwargs)` in a worker thread, with the caller's context (log fields) and errors.

    A cancelled caller waits for the thread: a transaction is never left running behind an answer that says it was not.
    """
    pool = _pools.get(asyncio.get_running_loop()) or bound_threads()
    return await _call(pool, functools.partial(fn, *args, **kwargs))


class ThreadLane:
    """Threads set apart for calls that must never wait behind others, as a heartbeat behind slow requests.

    Args:
        count: Calls that run at once.
    """

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="lane")

    async def run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `in_thread`."""
        return await _call(self._pool, functools.partial(fn, *args, **kwargs))


async def _call(pool: Executor, fn: Callable[[], T]) -> T:
    work = asyncio.get_running_loop().run_in_executor(pool, copy_context().run, fn)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await _finish(work)
        raise


async def _finish(work: "asyncio.Future[T]") -> None:
    import anyio  # here: it loads the half that knows asyncio, which calls that end need not

    # anyio's scopes cancel again and again until the task obeys; its shield keeps that from becoming a busy loop.
    with anyio.CancelScope(shield=True):
        while not work.done():
            try:
                await asyncio.wait({work})
            except asyncio.CancelledError:
                continue
    if not work.cancelled():
        work.exception()  # seen: nobody is left to be told


def bound_threads(count: int = DEFAULT_THREADS) -> Executor:
    """Let at most `count` calls of the running event loop be in threads at once; the others wait their turn.

    Returns:
        The threads; calls that are in others already end there.
    """
    pool = _pools[asyncio.get_running_loop()] = ThreadPoolExecutor(count, thread_name_prefix="call")
    return pool
