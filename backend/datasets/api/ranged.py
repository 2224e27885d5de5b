"""Answers that can be fetched in ranges, so that a broken transfer goes on where it broke.

Source: RFC 9110, sections 13 and 14; RFC 9530 (Repr-Digest)
"""

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import HTTPException, Response
from fastapi.responses import StreamingResponse

from backend.common.blocking import in_thread
from backend.datasets.archive import DownloadFile

_ONE_RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says about the bytes it wants: the headers of the same names."""

    range: str | None = None
    if_range: str | None = None
    if_none_match: str | None = None


def ranged(file: DownloadFile, asked: Asked) -> Response:
    """The whole (200), a range of it (206), or nothing new (304).

    Several ranges at once, and units other than bytes, get the whole, as the RFC allows.

    Raises:
        HTTPException: 416, if there is no such range.
    """
    size, tag = file.size_bytes, f'"{file.sha256}"'
    headers = {
        "ETag": tag,
        "Accept-Ranges": "bytes",
        "X-Content-SHA256": file.sha256,
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(file.name, safe='')}",
    }
    if asked.if_none_match is not None and _names(asked.if_none_match, tag):
        return Response(status_code=304, headers=headers)
    found = _ONE_RANGE.fullmatch(asked.range.strip()) if asked.range and asked.if_range in (None, tag) else None
    if found is None or not any(found.groups()):
        return _sent(file, 0, size, 200, headers)
    start, end = _bounds(found, size)
    if start >= end:
        detail = f"The file has {size} bytes; the range '{found[0]}' holds none of them."
        told = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Range": f"bytes */{size}"}
        raise HTTPException(416, detail, headers=told)
    return _sent(file, start, end, 206, {**headers, "Content-Range": f"bytes {start}-{end - 1}/{size}"})


def _bounds(found: re.Match[str], size: int) -> tuple[int, int]:
    """First byte and the one behind the last; an empty stretch cannot be sent."""
    first, last = found.groups()
    if first is None:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _names(if_none_match: str, tag: str) -> bool:
    return if_none_match.strip() == "*" or tag in (each.strip().removeprefix("W/") for each in if_none_match.split(","))


def _sent(file: DownloadFile, start: int, end: int, status: int, headers: dict[str, str]) -> Response:
    return StreamingResponse(
        _chunks(file, start, end),
        status_code=status,
        media_type=file.media_type,
        headers={**headers, "Content-Length": str(end - start)},
    )


async def _chunks(file: DownloadFile, start: int, end: int) -> AsyncIterator[bytes]:
    chunks = file.read(start, end)
    while chunk := await in_thread(next, chunks, None):
        yield chunk
