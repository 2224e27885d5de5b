"""Without tokens a service answers to its loopback names only.

A web page can let the name of its own site point to 127.0.0.1 (DNS rebinding) and then calls us as if we were that
site, past every check of origins. Its `Host` gives it away.
"""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.common.problem import problem_response

_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_MISDIRECTED = 421


class LoopbackHosts:
    """Refuses requests and WebSockets under any other name.

    Args:
        app: What is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "lifespan" or _name(scope) in _NAMES:
            await self._app(scope, receive, send)
            return
        detail = "Without tokens this service answers to localhost and 127.0.0.1 only."
        await problem_response(HTTPConnection(scope), _MISDIRECTED, "misdirected", detail)(scope, receive, send)


def _name(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return name if name and port.isdigit() else host
