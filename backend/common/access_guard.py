"""The table of access at work: who may not call a route gets no further than its name, and sends no body to it."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from backend.common.access import ANY_METHOD, WEBSOCKET, RouteAccess
from shared.auth.policies import caller_of, check_roles
from shared.auth.websocket import websocket_caller


class AccessGuard:
    """Checks the caller of every request against the table before anything of its body is read.

    FastAPI reads and parses a body before it asks the dependencies of a route, and would tell a stranger what is wrong
    with it, or take an upload from one. What the table does not know (no such path, no such method) needs a caller too:
    strangers do not learn which routes there are. The dependencies of the routes check once more, and alone for the
    WebSockets that there are, whose handshake has no body.

    Args:
        app: The router.
        table: Lines in the order in which the router matches.
    """

    def __init__(self, app: ASGIApp, table: Iterable[RouteAccess]) -> None:
        self._app = app
        lines = list(table)
        self._any_method = [line for line in lines if line.method == ANY_METHOD]
        methods = {line.method for line in lines}
        self._by_method = {
            method: [line for line in lines if line.method in {method, ANY_METHOD}] for method in methods
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise why not."""
        if scope["type"] == "http":
            await self._check(scope)
        elif scope["type"] == "websocket" and not self._is_websocket(scope):
            # the router would close it without a word, or give it to what serves requests only
            await websocket_caller(WebSocket(scope, receive, send))
            raise HTTPException(HTTPStatus.NOT_FOUND)
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope) -> None:
        line = self._line_of(scope)
        if line is not None:
            # the router says it once more; who is refused before it is counted by the route, too, and not by its ids
            scope["route"] = line
            if line.is_open:
                return
        identity = await caller_of(Request(scope))
        if line is not None and line.needs_role:
            check_roles(identity.principal, line.roles | line.own)

    def _is_websocket(self, scope: Scope) -> bool:
        path = _path(scope)
        return any(line.pattern.match(path) for line in self._by_method.get(WEBSOCKET, ()) if line.method == WEBSOCKET)

    def _line_of(self, scope: Scope) -> RouteAccess | None:
        path = _path(scope)
        for line in self._by_method.get(scope["method"], self._any_method):
            if line.pattern.match(path):
                return line
        return None


def _path(scope: Scope) -> str:
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
