"""A request whose answer does not begin in time is given up, so that nothing waits for ever."""

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.common.problem import problem_response

_UNAVAILABLE = 503


class TimeLimit:
    """Answers 503 when nothing was sent for `limit_s`; an answer that has begun may take as long as it likes.

    Args:
        app: What is inside.
        limit_s: Longest time until the answer begins.
    """

    def __init__(self, app: ASGIApp, limit_s: float) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = asyncio.timeout(self._limit_s)

        async def begun(message: Message) -> None:
            if limit.when() is not None:
                limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self._app(scope, receive, begun)
        except TimeoutError:
            if not limit.expired():
                raise
            detail = f"There was no answer within {self._limit_s:g} s; try again, or ask for less at once."
            response = problem_response(HTTPConnection(scope), _UNAVAILABLE, "took_too_long", detail)
            await response(scope, receive, send)
