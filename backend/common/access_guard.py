"""The table of access at work: who may not call a route gets no further than its name, and sends no body to it."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from backend.common.access import ANY_METHOD, RouteAccess
from shared.auth.policies import caller_of, check_roles


class AccessGuard:
    """Checks the caller of every request against the table before anything of its body is read.

    FastAPI reads and parses a body before it asks the dependencies of a route, and would tell a stranger what is wrong
    with it, or take an upload from one. What the table does not know (no such path, no such method) needs a caller too:
    strangers do not learn which routes there are. The dependencies of the routes check once more, and alone for
    WebSockets, whose handshake has no body.

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

    def _line_of(self, scope: Scope) -> RouteAccess | None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for line in self._by_method.get(scope["method"], self._any_method):
            if line.pattern.match(path):
                return line
        return None
