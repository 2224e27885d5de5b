"""How many exports are written at once, and how the others wait for their turn: without a thread, and in order."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import NoReturn, ParamSpec, TypeVar

from backend.common.blocking import ThreadLane
from shared.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

Patience = Callable[[], Awaitable[NoReturn]]
"""Lasts as long as somebody waits for the outcome, and then raises why nobody does any more."""

MOST_WAITING = 64
"""More would not get their turn within the time that a request may take."""


class TooManyExports(Unavailable):
    """So many exports wait already that another one would wait in vain; nothing was written."""

    code = "too_many_exports"

    def __init__(self, waiting: int) -> None:
        super().__init__(
            f"{waiting} exports and publications wait for their turn, which is the limit. Try again later; an "
            "administrator can raise CLARA_EXPORT_PROCESSES.",
            waiting=waiting,
        )


async def endless() -> NoReturn:
    """The patience of callers who cannot go away."""
    while True:
        await asyncio.Event().wait()


class ExportTurns:
    """Lets a few calls run, each in a thread of its own, so that none of those for requests is held for long.

    Args:
        at_once: Calls that run.
        most_waiting: Calls that wait.
    """

    def __init__(self, at_once: int, *, most_waiting: int = MOST_WAITING) -> None:
        self._lane = ThreadLane(at_once)
        self._free = at_once
        self._most_waiting = most_waiting
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def run(self, fn: Callable[P, T], patience: Patience, /, *args: P.args, **kwargs: P.kwargs) -> T:
        """`fn(*args, **kwargs)` as soon as it is its turn; what runs is never given up.

        Raises:
            TooManyExports: If too many wait already.
            Exception: What `patience` raises, while the call waits.
        """
        await self._enter(patience)
        try:
            return await self._lane.run(fn, *args, **kwargs)
        finally:
            self._leave()

    async def _enter(self, patience: Patience) -> None:
        if self._free:
            self._free -= 1
            return
        if len(self._waiting) >= self._most_waiting:
            raise TooManyExports(len(self._waiting))
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        leaving = asyncio.ensure_future(patience())
        try:
            await asyncio.wait({turn, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                leaving.result()
        except BaseException:
            self._step_out(turn)
            raise
        finally:
            leaving.cancel()

    def _step_out(self, turn: "asyncio.Future[None]") -> None:
        if turn.done():
            # it came in the same moment, and is somebody else's now
            self._leave()
        else:
            self._waiting.remove(turn)

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1
