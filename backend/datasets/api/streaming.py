"""Found records as newline-delimited JSON: one batch is read, sent, and only then the next one is read.

The last line says how it ended, and no record has its one member:

    {"end": {"status": "complete", "records": 1200, "sha256": "…"}}
    {"end": {"status": "failed", "records": 300, "sha256": "…", "code": "search_unavailable", "message": "…"}}

The digest is that of all lines before it, with their newlines. A stream without such a line was cut.
"""

import asyncio
import hashlib
import logging
import math
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import aclosing
from enum import StrEnum
from itertools import chain

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from backend.common.blocking import in_thread
from backend.datasets.ready.lines import Lines
from backend.datasets.records.content import json_bytes
from shared.errors import ClaraError, Unavailable

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/x-ndjson"
_AT_ONCE_BYTES = 1 << 17
_AT_ONCE_S = 0.05


class ServiceStopping(Unavailable):
    """The service is being stopped; what was sent is right, and there would be more."""

    code = "service_stopping"

    def __init__(self) -> None:
        super().__init__("The service is being stopped; ask again once it is back.")


class StreamEnd(StrEnum):
    """How a stream ended; of one that was cut only the log can tell."""

    COMPLETE = "complete"
    FAILED = "failed"
    CUT = "cut"


class RecordStream(StreamingResponse):
    """The answer made of such lines; a client that goes away ends the reading at once."""

    media_type = MEDIA_TYPE

    def __init__(
        self, first: Lines | None, rest: Iterator[Lines], *, is_stopping: Callable[[], bool] = lambda: False
    ) -> None:
        lines = ndjson(first, rest, is_stopping=is_stopping)
        super().__init__(lines)
        self._lines = lines
        self._is_stopping = is_stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send; who reads too slowly for a service that stops is cut, which is no error of ours."""
        try:
            await super().__call__(scope, receive, send)
        except asyncio.CancelledError:
            if not self._is_stopping():
                raise

    async def stream_response(self, send: Send) -> None:
        """Send line by line; whatever happens, the reading is over afterwards."""
        async with aclosing(self._lines):
            await super().stream_response(send)


async def ndjson(
    first: Lines | None, rest: Iterator[Lines], *, is_stopping: Callable[[], bool] = lambda: False
) -> AsyncGenerator[bytes, None]:
    """Lines of `first` and of what follows, and the line that says how it ended."""
    digest, records, end = hashlib.sha256(), 0, StreamEnd.CUT
    drawn = _drawn(first, rest, digest)
    try:
        while ready := await in_thread(next, drawn, None):
            for lines in ready:
                yield lines.content
                records += lines.records
            if is_stopping():
                raise ServiceStopping
        end = StreamEnd.COMPLETE
        yield _end_line(end, records, digest.hexdigest())
    except ClaraError as error:
        end = StreamEnd.FAILED
        logger.warning("stream.failed", extra={"records": records, "code": error.code, "reason": error.message})
        yield _end_line(end, records, digest.hexdigest(), code=error.code, message=error.message)
    finally:
        if end is StreamEnd.CUT:
            logger.warning("stream.cut", extra={"records": records})
        # nothing waits here: whoever cancelled has no patience
        drawn.close()


def _drawn(first: Lines | None, rest: Iterator[Lines], digest: "hashlib._Hash") -> Generator[list[Lines], None, None]:
    """Pieces of the stream: the first one at once, then together what is ready within a moment."""
    ready: list[Lines] = []
    size, since = 0, -math.inf
    try:
        for lines in chain([first] if first else [], rest):
            digest.update(lines.content)
            ready.append(lines)
            size += len(lines.content)
            if size >= _AT_ONCE_BYTES or time.monotonic() - since >= _AT_ONCE_S:
                yield ready
                ready, size, since = [], 0, time.monotonic()
        if ready:
            yield ready
    except ClaraError:
        # what was found before it failed is sent before that is said
        if ready:
            yield ready
        raise
    finally:
        # a search that nobody reads on gives its connections back
        close = getattr(rest, "close", None)
        if close is not None:
            close()


def _end_line(end: StreamEnd, records: int, sha256: str, **reason: str) -> bytes:
    return json_bytes({"end": {"status": end.value, "records": records, "sha256": sha256, **reason}}) + b"\n"
