"""What happens to every request before and after its route: pure ASGI, because it is on every request's path."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from backend.common.body_kind import is_plainly_files
from backend.common.problem import problem_response
from backend.common.request_id import HEADER, accepted_or_new
from shared.utils.log_context import CORRELATION_ID, bound, note_address

logger = logging.getLogger(__name__)

Record = Callable[[Scope, int, float], None]
PROBES = frozenset({"/health", "/livez", "/readyz", "/metrics"})

_STARTS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})
_CLIENT_GONE, _SERVER_ERROR, _SWITCHING = 499, 500, 101


class RequestContext:
    """Correlation id in and out, one access line, and the last word on errors that nobody expected.

    Args:
        app: What is inside.
        record: Called with scope, status and seconds after every request (metrics).
    """

    def __init__(self, app: ASGIApp, record: Record) -> None:
        self._app = app
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        started_at = time.perf_counter()
        request_id = accepted_or_new(_header(scope, HEADER.encode()))
        answer = _Answer(send, request_id)
        note_address(scope["client"][0] if scope.get("client") else None)
        with bound(**{CORRELATION_ID: request_id}):
            try:
                await self._app(scope, receive, answer.send)
            except (ClientDisconnect, WebSocketDisconnect):
                answer.status = answer.status or _CLIENT_GONE
            except Exception:
                logger.exception("request.failed", extra={"method": scope.get("method"), "path": scope["path"]})
                await self._answer_failure(scope, receive, answer)
            duration_s = time.perf_counter() - started_at
            self._record(scope, answer.status, duration_s)
            _log_access(scope, answer.status, duration_s)

    async def _answer_failure(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        """A 500 without internals if nothing was sent yet; a started answer is cut off by the server."""
        if answer.status == _SWITCHING:
            await answer.send({"type": "websocket.close", "code": 1011})
        elif not answer.status:
            detail = "Something failed on our side; the administrator finds it in the log by the correlation id."
            response = problem_response(HTTPConnection(scope), _SERVER_ERROR, "internal_error", detail)
            await response(scope, receive, answer.send)
        answer.status = _SERVER_ERROR


class _Answer:
    """Passes messages on, notes the status and adds the correlation id."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._header = (HEADER.encode(), request_id.encode())
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] in _STARTS:
            self.status = message.get("status", _SWITCHING)
            message = {**message, "headers": [*message.get("headers", ()), self._header]}
        elif message["type"] == "websocket.close" and not self.status:
            self.status = 403  # a close before accept is what ASGI servers answer with 403
        await self._send(message)


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _log_access(scope: Scope, status: int, duration_s: float) -> None:
    # Never the query string: it may carry a token.
    level = logging.DEBUG if scope["path"] in PROBES and status < _SERVER_ERROR else logging.INFO
    if logger.isEnabledFor(level):
        client = scope.get("client")
        fields = {
            "method": scope.get("method", "WEBSOCKET"),
            "path": scope["path"],
            "status": status,
            "duration_ms": round(duration_s * 1000, 3),
            "client": client[0] if client else None,
        }
        logger.log(level, "request.served", extra=fields)


class SecurityHeaders:
    """Headers that tell browsers to do as little as possible with our answers; a route's own value wins.

    Args:
        app: What is inside.
    """

    _HEADERS = (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    )
    # for a year: whoever came by TLS once is not to be talked into plain HTTP
    _BY_TLS = (*_HEADERS, (b"strict-transport-security", b"max-age=31536000"))

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        headers = self._BY_TLS if scope["scheme"] == "https" else self._HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                sent = list(message.get("headers", ()))
                names = {name.lower() for name, _ in sent}
                message = {**message, "headers": sent + [item for item in headers if item[0] not in names]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses bodies that are too large, by their announced length or, without one, while they arrive, or too slow.

    The refusal is sent at once, and the rest of the body is thrown away for a moment before the connection is closed:
    a client that is still sending would otherwise see a broken connection instead of the answer.

    Args:
        app: What is inside.
        default_bytes: Largest body anywhere.
        by_path: Other limits of single paths, e.g. uploads; a larger one is for files alone, since everything else is
            read into memory.
        linger_s: Longest time of throwing away.
        silence_s: It ends earlier when nothing came for so long.
    """

    def __init__(
        self,
        app: ASGIApp,
        default_bytes: int,
        by_path: Mapping[str, int],
        *,
        linger_s: float = 10.0,
        silence_s: float = 1.0,
    ) -> None:
        self._app = app
        self._linger_s = linger_s
        self._silence_s = silence_s
        self._default_bytes = default_bytes
        self._by_path = dict(by_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit_bytes = self._limit_bytes(scope)
        body = _LimitedBody(receive, send, limit_bytes, self._linger_s, self._silence_s)
        announced = _header(scope, b"content-length") or "0"
        if not announced.isdigit() or int(announced) > limit_bytes:
            body.is_refused = True
            response = problem_response(HTTPConnection(scope), 413, _TOO_LARGE, body.reason, headers=_CLOSE)
            await response(scope, receive, body.send)
            return
        await self._app(scope, body.receive, body.send)

    def _limit_bytes(self, scope: Scope) -> int:
        limit_bytes = self._by_path.get(scope["path"], self._default_bytes)
        return limit_bytes if is_plainly_files(scope["headers"]) else min(limit_bytes, self._default_bytes)


_TOO_LARGE = "content_too_large"
_CLOSE = {"Connection": "close"}
_BODY_GRACE_S = 20.0
_SLOWEST_BYTES_PER_S = 1024


class _LimitedBody:
    """The two ends of one request: counts what comes in and lingers after a refusal."""

    def __init__(self, receive: Receive, send: Send, limit_bytes: int, linger_s: float, silence_s: float) -> None:
        self._receive = receive
        self._send = send
        self._limit_bytes = limit_bytes
        self._linger_s = linger_s
        self._silence_s = silence_s
        self.reason = f"The request body is larger than the {limit_bytes} bytes allowed here."
        self.is_refused = False
        self._has_more = True
        self._received_bytes = 0
        self._began_at = time.monotonic()

    async def receive(self) -> Message:
        message = await self._in_time() if self._has_more else await self._receive()
        self._has_more = message.get("more_body", False)
        self._received_bytes += len(message.get("body", b""))
        if self._received_bytes > self._limit_bytes:
            self.is_refused = True
            # FastAPI turns other exceptions of a body into "400 error parsing the body".
            raise HTTPException(413, self.reason, headers=_CLOSE)
        return message

    async def _in_time(self) -> Message:
        """The next part, while the body comes no slower than `_SLOWEST_BYTES_PER_S`."""
        ends_at = self._began_at + _BODY_GRACE_S + self._received_bytes / _SLOWEST_BYTES_PER_S
        try:
            async with asyncio.timeout(max(0.0, ends_at - time.monotonic())):
                return await self._receive()
        except TimeoutError as exc:
            raise HTTPException(408, "The request body did not come in time.", headers=_CLOSE) from exc

    async def send(self, message: Message) -> None:
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not (self.is_refused and is_last):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with suppress(TimeoutError):
            await self._throw_away_the_rest()
        await self._send({"type": "http.response.body", "body": b""})

    async def _throw_away_the_rest(self) -> None:
        ends_at = time.monotonic() + self._linger_s
        while self._has_more and (left_s := ends_at - time.monotonic()) > 0:
            async with asyncio.timeout(min(left_s, self._silence_s)):
                self._has_more = (await self._receive()).get("more_body", False)
