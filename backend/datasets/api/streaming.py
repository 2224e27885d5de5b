"""Found records as newline-delimited JSON: one batch is read, sent, and only then the next one is read."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from backend.common.blocking import in_thread
from backend.datasets.records.content import json_line
from shared.errors import ClaraError

logger = logging.getLogger(__name__)

Batch = Sequence[dict[str, Any]]


async def ndjson(first: Batch, rest: Iterator[Batch]) -> AsyncIterator[bytes]:
    """Lines of `first` and of what follows; a failure on the way is the last line, an `error` object."""
    batch: Batch | None = first
    while batch:
        yield "".join(f"{json_line(record)}\n" for record in batch).encode()
        try:
            batch = await in_thread(next, rest, None)
        except ClaraError as error:
            logger.warning("stream.failed", extra={"code": error.code, "reason": error.message})
            yield f"{json_line({'error': {'code': error.code, 'message': error.message}})}\n".encode()
            return
