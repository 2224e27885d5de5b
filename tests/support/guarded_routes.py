"""Every route of a running service that is not open to everybody, as its own OpenAPI document tells of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from backend.common.access import WEBSOCKET
from backend.common.access_description import OPEN, OWN_ROLES, ROLES, WEBSOCKETS
from tests.support.secured_services import Answer, SecuredServices


@dataclass(frozen=True)
class DescribedRoute:
    """One operation, or one WebSocket.

    Args:
        roles: Of which a caller needs one.
        own_roles: Those of them that reach only what the caller made itself.
        is_open: Whether everybody may call it.
    """

    service: str
    method: str
    path: str
    roles: frozenset[str]
    own_roles: frozenset[str]
    is_open: bool

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def sort(self) -> tuple[object, ...]:
        """What it has in common with others of its kind."""
        return self.service, self.method, self.roles, self.is_open

    def call(
        self, running: SecuredServices, client: httpx.Client, token: str | None, *, content: bytes = b"{}"
    ) -> Answer:
        """Call it, with ids that do not exist and a body that is wrong."""
        path = re.sub(r"{[^}]+}", "x_1", self.path)
        if self.method == WEBSOCKET:
            return running.handshake(self.service, path, token)
        headers = {} if token is None else {"Authorization": f"Bearer {token}".encode("latin-1")}
        if self.method == "GET":
            answer = client.get(path, headers=headers)
        else:
            told = {"Content-Type": b"application/json", **headers}
            answer = client.request(self.method, path, headers=told, content=content)
        return Answer(answer.status_code, answer.content)


def described_routes(service: str, document: Mapping[str, Any]) -> Iterator[DescribedRoute]:
    """All routes of the document; one that says nothing about callers is an error.

    Raises:
        KeyError: If a route has no policy.
    """
    operations = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    sockets = [(WEBSOCKET, path, socket) for path, socket in document.get(WEBSOCKETS, {}).items()]
    for method, path, described in operations + sockets:
        is_open = OPEN in described
        roles = frozenset() if is_open else frozenset(described[ROLES])
        yield DescribedRoute(service, method, path, roles, frozenset(described.get(OWN_ROLES, ())), is_open)
