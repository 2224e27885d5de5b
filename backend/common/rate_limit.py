"""Calls of one address: counted before anything else is done for them."""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.common.middleware import PROBES
from backend.common.problem import problem_response
from shared.auth.rate import TooManyCalls
from shared.utils.token_buckets import TokenBuckets

_TOO_MANY = 429


class AddressLimit:
    """Answers 429 with `Retry-After` to addresses that call too often; probes are never counted.

    Args:
        app: What is inside.
        buckets: One for each address.
    """

    def __init__(self, app: ASGIApp, buckets: TokenBuckets) -> None:
        self._app = app
        self._buckets = buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        client = scope.get("client")
        if scope["type"] == "lifespan" or client is None or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        wait_s = self._buckets.wait_s(client[0])
        if not wait_s:
            await self._app(scope, receive, send)
            return
        error = TooManyCalls(wait_s)
        response = problem_response(
            HTTPConnection(scope), _TOO_MANY, error.code, error.message, headers={"Retry-After": str(wait_s)}
        )
        await response(scope, receive, send)
