"""Say in `/openapi.json` who may call what, for people and for programs."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from backend.common.access import WEBSOCKET, RouteAccess

ROLES, OWN_ROLES, OPEN, WEBSOCKETS = "x-required-roles", "x-own-only-roles", "x-open-because", "x-websockets"


def describe_access(app: FastAPI, table: Sequence[RouteAccess]) -> None:
    """Add to every operation its roles, and the WebSockets, of which OpenAPI itself knows nothing."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _add(describe(), table)
        return describe()

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents for extending its schema


def _add(document: dict[str, Any], table: Sequence[RouteAccess]) -> None:
    paths = document.get("paths", {})
    for line in table:
        if line.method == WEBSOCKET:
            document.setdefault(WEBSOCKETS, {})[line.path] = {"description": _sentence(line), **_members(line)}
        elif operation := paths.get(line.path, {}).get(line.method.lower()):
            told = [operation.get("description", ""), _sentence(line)]
            operation |= {"description": "\n\n".join(filter(None, told)), **_members(line)}


def _sentence(line: RouteAccess) -> str:
    return f"**May be called by:** {line.in_words()}."


def _members(line: RouteAccess) -> dict[str, Any]:
    if line.open_because is not None:
        return {OPEN: line.open_because}
    own = {OWN_ROLES: sorted(line.own)} if line.own else {}
    return {ROLES: sorted(line.roles | line.own), **own}
