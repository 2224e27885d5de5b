"""What ends the connection of a client that is sent live updates: it leaves, its token ends, it is too slow."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from enum import Enum
from typing import Any

from starlette.websockets import WebSocketDisconnect

from backend.common.feed.listener import Listener, ListenerTooSlow


class Ending(Enum):
    """Why a connection ends."""

    DONE = "done"
    TOKEN_EXPIRED = "token expired"  # noqa: S105 - a reason, no secret
    TOO_SLOW = "too slow; reconnect and resume"


def moment_of(expires_at: float | None) -> float | None:
    """A moment of the wall clock (seconds since the epoch) by the event loop's clock, which never jumps."""
    return None if expires_at is None else asyncio.get_running_loop().time() + expires_at - time.time()


@asynccontextmanager
async def first_ending(
    listener: Listener, ends_at: float | None, *work: Coroutine[Any, Any, None]
) -> AsyncIterator[Ending]:
    """Run the work of one connection until the first of it ends, the listener does, or `ends_at` comes.

    The body of the `with` says good-bye, after all work was told to stop but before it has: some may be waiting for a
    database that does not answer.

    Args:
        listener: Its end is that of the connection, also while the work waits for a client that hangs.
        ends_at: Moment of the event loop's clock; None never.
        work: Runs side by side; a `WebSocketDisconnect` means that the client left.
    """
    tasks = [asyncio.create_task(each) for each in work]
    left_s = None if ends_at is None else max(0.0, ends_at - asyncio.get_running_loop().time())
    try:
        done, _ = await asyncio.wait({*tasks, listener.ended}, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        yield _ending(done, listener)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ending(done: set[Any], listener: Listener) -> Ending:
    if not done:
        return Ending.TOKEN_EXPIRED
    errors = [error for one in done if (error := one.exception())]
    unexpected = next((error for error in errors if not isinstance(error, WebSocketDisconnect | ListenerTooSlow)), None)
    if unexpected:
        raise unexpected
    is_too_slow = listener.is_evicted or any(isinstance(error, ListenerTooSlow) for error in errors)
    return Ending.TOO_SLOW if is_too_slow else Ending.DONE
