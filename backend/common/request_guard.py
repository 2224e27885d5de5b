"""What a request must not hold, seen before anybody makes something of it.

Bodies that are packed or nested too deeply, JSON that is not UTF-8, NaN, and characters that no database stores: NUL
and halves of characters (lone surrogates), which JSON can write and UTF-8 cannot. Whatever is not plainly files is
looked at as JSON: what a parser takes for JSON is for it to say, and may change.
"""

import json
import re
from collections.abc import Iterator
from itertools import accumulate

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.common.blocking import in_thread
from backend.common.body_kind import RawHeaders, is_plainly_files, values_of
from backend.common.errors import http_response
from backend.common.problem import ProblemResponse, problem_response
from shared.models.storable_text import is_storable

_TEXTS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
# read as signed bytes: 1 for what opens, -1 for what closes
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_OTHERS = bytes(byte for byte in range(256) if byte not in b"[{]}")
_AT_ONCE = 1 << 16
"""Bytes that are looked at on the event loop, and steps that are counted before another thread may run."""
_SAID_ONCE = (b"content-type", b"content-encoding")
_ANNOUNCE_A_BODY = frozenset({b"content-length", b"transfer-encoding"})
_NO_NUMBERS = (b"NaN", b"Infinity")
_ODD_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UTF8 = frozenset({"utf-8", "utf-8-sig"})
_UNSTORABLE = "holds a character that no database stores: NUL, or half of a character"


class RequestGuard:
    """Refuses encoded bodies (415), JSON that is no UTF-8, too deep or holds NaN (400), and unstorable texts (422).

    A body of two types or encodings is refused, too (400). Files pass by unread.

    Args:
        app: What is inside; the size of bodies is limited outside of it.
        max_depth: Deepest nesting.
    """

    def __init__(self, app: ASGIApp, max_depth: int) -> None:
        self._app = app
        self._max_depth = max_depth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
            await _unstorable(HTTPConnection(scope), "The address")(scope, receive, send)
            return
        if not any(name in _ANNOUNCE_A_BODY for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return
        await self._check_body(scope, receive, send)

    async def _check_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, connection = scope["headers"], HTTPConnection(scope)
        if refusal := _refused_head(headers, connection):
            await refusal(scope, receive, send)
            return
        if is_plainly_files(headers):
            await self._app(scope, receive, send)
            return
        try:
            body, messages = await _whole(receive)
        except HTTPException as exc:
            # too large or too slow: raised where no handler of the application is around it
            await http_response(connection, exc)(scope, receive, send)
            return
        if refusal := await self._refused_body(body, connection):
            await refusal(scope, receive, send)
            return

        async def replayed() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replayed, send)

    async def _refused_body(self, body: bytes, connection: HTTPConnection) -> ProblemResponse | None:
        """The answer to a body that nobody is to read; None if somebody may."""
        if len(body) <= _AT_ONCE:
            reason, field = _findings(body, self._max_depth)
        else:
            # the largest take some hundredths of a second
            reason, field = await in_thread(_findings, body, self._max_depth)
        if reason:
            return problem_response(connection, 400, "bad_json", reason)
        return None if field is None else _unstorable(connection, "The body", field)


def _refused_head(headers: RawHeaders, connection: HTTPConnection) -> ProblemResponse | None:
    """The answer to a body of which nobody can say what it is; None if one can."""
    for name in _SAID_ONCE:
        if len(values_of(headers, name)) > 1:
            detail = f"The header {name.decode().title()} stands there more than once: say once what the body is."
            return problem_response(connection, 400, "repeated_header", detail)
    encoding = next(iter(values_of(headers, b"content-encoding")), b"identity").strip().lower()
    return None if encoding == b"identity" else _unpacked_only(connection, encoding)


def _unpacked_only(connection: HTTPConnection, encoding: bytes) -> ProblemResponse:
    name = encoding.decode("latin-1")[:50]
    detail = f"Bodies are taken as they are, not encoded with '{name}': send it without Content-Encoding."
    return problem_response(connection, 415, "encoding_not_supported", detail, headers={"Accept-Encoding": "identity"})


def _unstorable(connection: HTTPConnection, what: str, field: str = "address") -> ProblemResponse:
    errors = [{"field": field, "reason": _UNSTORABLE}]
    detail = f"{what} {_UNSTORABLE}."
    return problem_response(connection, 422, "unstorable_text", detail, context={"errors": errors}, param=field)


def _findings(body: bytes, max_depth: int) -> tuple[str, str | None]:
    """Why the body is no JSON that we take ("": it may be), and where a text stands that cannot be kept."""
    if reason := _objection(body, max_depth):
        return reason, None
    return "", _unstorable_field(body) if _ODD_ESCAPE.search(body) else None


def _unstorable_field(body: bytes) -> str | None:
    """Where a text stands that cannot be kept, keys included; None: nowhere, or it is no JSON at all."""
    try:
        return next(_unstorable_places(json.loads(body), ()), None)
    except (ValueError, RecursionError):
        return None


def _unstorable_places(content: object, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(content, str):
        if not is_storable(content):
            yield ".".join(path) or "body"
    elif isinstance(content, list):
        for number, each in enumerate(content):
            yield from _unstorable_places(each, (*path, str(number)))
    elif isinstance(content, dict):
        for name, each in content.items():
            yield from _unstorable_places(name, path)
            yield from _unstorable_places(each, (*path, name))


async def _whole(receive: Receive) -> tuple[bytes, list[Message]]:
    """The body, and the messages to give it on with."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            # the client is gone; whoever reads the body is to see it
            return b"", [message]
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    body = b"".join(parts)
    return body, [{"type": "http.request", "body": body, "more_body": False}]


def _objection(body: bytes, max_depth: int) -> str:
    """Why the body is refused; "" if nothing is wrong that a parser would not notice."""
    if not _is_utf8(body):
        return "The body is no JSON in UTF-8: that is the only encoding in which JSON is exchanged (RFC 8259, 8.1)."
    may_be_deep = body.count(b"[") + body.count(b"{") > max_depth
    may_hold_nan = any(word in body for word in _NO_NUMBERS)
    if not (may_be_deep or may_hold_nan):
        return ""
    # what stands in texts nests nothing; the steps are counted without it
    bare = _TEXTS.sub(b"", body)
    if may_be_deep and _is_deeper(bare, max_depth):
        return f"The JSON body is nested more than {max_depth} levels deep."
    if any(word in bare for word in _NO_NUMBERS):
        return "The body is no JSON: NaN and Infinity are no numbers there."
    return ""


def _is_utf8(body: bytes) -> bool:
    """Whether Python's parser, too, reads the bytes as UTF-8: by their zeros it would guess UTF-16 and UTF-32."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return json.detect_encoding(body) in _UTF8


def _is_deeper(bare: bytes, max_depth: int) -> bool:
    steps = memoryview(bare.translate(_STEPS, _OTHERS)).cast("b")
    depth = 0
    for start in range(0, len(steps), _AT_ONCE):
        # in one go, quicker than step by step; between the pieces other threads may run
        depths = list(accumulate(steps[start : start + _AT_ONCE], initial=depth))
        if max(depths) > max_depth:
            return True
        depth = depths[-1]
    return False
