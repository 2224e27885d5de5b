"""Call what blocks (managers, databases, disks) from async routes without stopping the event loop."""

import asyncio
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread
from anyio import CapacityLimiter

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_THREADS = 16


async def in_thread(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`fn(*args, **kwargs)` in a worker thread, with the caller's context (log fields) and errors.

    A cancelled caller waits for the thread: a transaction is never left running behind an answer that says it was not.
    """
    return await _call(None, functools.partial(fn, *args, **kwargs))


class ThreadLane:
    """Threads set apart for calls that must never wait behind others, as a heartbeat behind slow requests.

    Args:
        count: Calls that run at once.
    """

    def __init__(self, count: int) -> None:
        self._limiter = CapacityLimiter(count)

    async def run(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """As `in_thread`."""
        return await _call(self._limiter, functools.partial(fn, *args, **kwargs))


async def _call(limiter: CapacityLimiter | None, fn: Callable[[], T]) -> T:
    work = asyncio.ensure_future(anyio.to_thread.run_sync(fn, limiter=limiter))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await _finish(work)
        raise


async def _finish(work: "asyncio.Future[T]") -> None:
    # anyio's scopes cancel again and again until the task obeys; its shield keeps that from becoming a busy loop.
    with anyio.CancelScope(shield=True):
        while not work.done():
            try:
                await asyncio.wait({work})
            except asyncio.CancelledError:
                continue
    if not work.cancelled():
        work.exception()  # seen: nobody is left to be told


def bound_threads(count: int = DEFAULT_THREADS) -> None:
    """Let at most `count` calls of the running event loop be in threads at once; the others wait their turn."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = count
