"""The one error body: RFC 9457 problem+json that also carries the `error` object which OpenAI's SDK reads."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

from backend.common.request_id import request_id
from shared.utils.clock import iso_utc

MEDIA_TYPE = "application/problem+json"
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}


class OpenAiError(BaseModel):
    """The error object of OpenAI's API."""

    message: str
    type: str
    code: str
    param: str | None = None


class FieldError(BaseModel):
    """One field of a request that cannot be right."""

    field: str = Field(description="Dotted path of the field.")
    reason: str = Field(description="What is wrong with it, in plain words.")


class Problem(BaseModel):
    """What every error answer looks like; further members carry the context of the error."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:clara:error:` and the code.")
    title: str = Field(description="Name of the HTTP status.")
    status: int
    detail: str = Field(description="What was asked, what was found and what to do.")
    code: str = Field(description="Stable name of the error, for programs.")
    instance: str | None = Field(None, description="Path of the request; not on 401.")
    correlation_id: str | None = Field(None, description="Id to quote to the administrator; not on 401.")
    errors: list[FieldError] | None = Field(None, description="On 422: the fields at fault.")
    error: OpenAiError


class ProblemResponse(JSONResponse):
    """A problem document with its own media type."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """ASCII JSON: half a surrogate pair, quoted from a request, would break UTF-8."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def problem_response(
    connection: HTTPConnection,
    status: int,
    code: str,
    detail: str,
    *,
    context: Mapping[str, object] | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """The answer to a request that failed.

    Args:
        connection: The request or WebSocket handshake.
        status: HTTP status.
        code: Stable name of the error.
        detail: For people.
        context: Further members; they cannot replace the standard ones.
        param: Name of the field at fault, for the OpenAI object.
        headers: Added to the answer.
    """
    body = {
        **{name: _plain(value) for name, value in (context or {}).items()},
        **_standard_members(status, code, detail, param),
        "instance": connection.scope["path"],
        "correlation_id": request_id(),
    }
    return ProblemResponse(body, status, headers=dict(headers or {}))


def unauthenticated_response() -> ProblemResponse:
    """The one answer to every missing or bad token, the same byte for byte: it must not tell which rule was broken."""
    body = _standard_members(401, "unauthenticated", "A valid access token is required.", None)
    return ProblemResponse(body, 401, headers={"WWW-Authenticate": 'Bearer realm="clara"'})


def problem_body(status: int, code: str, detail: str) -> dict[str, Any]:
    """The members of a problem that is told before there is a request, and so without its path and id."""
    return _standard_members(status, code, detail, None)


def title_of(status: int) -> str:
    """Name of a status; RFC 9110's where Python's changed between versions."""
    return _RENAMED.get(status) or HTTPStatus(status).phrase


def _standard_members(status: int, code: str, detail: str, param: str | None) -> dict[str, Any]:
    return {
        "type": f"urn:clara:error:{code}",
        "title": title_of(status),
        "status": status,
        "detail": detail,
        "code": code,
        "error": {"message": detail, "type": _openai_type(status), "code": code, "param": param},
    }


def _openai_type(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=str)
    return iso_utc(value) if isinstance(value, datetime) else str(value)
