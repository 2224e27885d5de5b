"""Fetch a file: streamed, continued where a transfer broke, checked, and there only when it is whole."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath, PureWindowsPath

import httpx

from frontend.client.arrival import Arrival, OnBytes, TargetNotWritable
from frontend.client.errors import DownloadCorrupt, NotReachable, UnexpectedAnswer
from frontend.client.transport import Transport

__all__ = ["Downloaded", "TargetNotWritable", "announced_sha256", "download"]

_PATIENCE = 3
"""Attempts in a row that bring nothing new before the failure is the caller's."""
_PAUSE_S = 0.5
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that arrived whole.

    Args:
        is_verified: Whether the service announced a digest and the bytes match it.
    """

    path: Path
    size_bytes: int
    sha256: str
    is_verified: bool


def download(
    transport: Transport,
    path: str,
    target: Path,
    *,
    fallback: str = "download",
    on_bytes: OnBytes | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Downloaded:
    """Stream `path` into `target`; an existing file is replaced only by a whole one.

    Args:
        transport: The service to ask.
        path: Route of the file.
        target: A file, or an existing folder: then the service names the file.
        fallback: File name where the service gives none.
        on_bytes: Called with bytes so far and the total, where known.
        sleep: Waits before another attempt.

    Raises:
        DownloadCorrupt: If the digest differs.
        NotReachable: If the transfer broke again and again; what arrived is kept where the service can go on.
        TargetNotWritable: If the target cannot be written.
        UnexpectedAnswer: If the service sends another range than the missing one.
    """
    arrival: Arrival | None = None
    fruitless = 0
    while True:
        before = arrival.size_bytes if arrival else 0
        try:
            with transport.stream("GET", path, headers=arrival.asked if arrival else None) as response:
                if response.status_code != httpx.codes.PARTIAL_CONTENT:
                    if arrival is not None:
                        # not the file any more whose beginning arrived, or a service that only sends the whole
                        arrival.discard()
                    arrival = Arrival(_file(target, response.headers, fallback), response.headers, on_bytes)
                    if arrival.size_bytes:
                        continue
                elif arrival is None or not arrival.continues(response.headers):
                    raise UnexpectedAnswer(transport.service, f"GET {path}", "a range that nobody asked for")
                return _received(arrival, response, f"{transport.url}{path}")
        except NotReachable:
            fruitless = 0 if arrival and arrival.size_bytes > before else fruitless + 1
            if arrival is None or not arrival.is_resumable or fruitless >= _PATIENCE:
                raise
            sleep(_PAUSE_S)


def _received(arrival: Arrival, response: httpx.Response, url: str) -> Downloaded:
    expected = announced_sha256(response.headers)
    is_kept = False
    try:
        with arrival.open() as file:
            is_kept = arrival.is_resumable
            for piece in response.iter_bytes(_PIECE):
                arrival.add(piece, file)
            is_kept = False
            if expected is not None and expected != arrival.sha256:
                raise DownloadCorrupt(url, expected, arrival.sha256)
            arrival.publish(file)
    finally:
        if not is_kept:
            arrival.discard()
    return Downloaded(arrival.target, arrival.size_bytes, arrival.sha256, is_verified=expected is not None)


def _file(target: Path, headers: Mapping[str, str], fallback: str) -> Path:
    return target / (_offered_name(headers) or fallback) if target.is_dir() else target


def announced_sha256(headers: Mapping[str, str]) -> str | None:
    """The SHA-256 that an answer announces, hex, from `X-Content-SHA256` or the digest fields of RFC 9530."""
    plain = headers.get("x-content-sha256", "").strip().lower()
    if plain:
        return plain
    for name in ("repr-digest", "content-digest"):
        for entry in headers.get(name, "").split(","):
            algorithm, _, value = entry.strip().partition("=")
            if algorithm.lower() == "sha-256":
                try:
                    return base64.b64decode(value.strip(":"), validate=True).hex()
                except binascii.Error:
                    return None
    return None


def _offered_name(headers: Mapping[str, str]) -> str | None:
    """The file name of `Content-Disposition`, without any folder that it may smuggle in."""
    message = Message()
    message["Content-Disposition"] = headers.get("content-disposition", "")
    offered = message.get_filename() or ""
    name = PureWindowsPath(PurePosixPath(offered).name).name
    return name if name not in ("", ".", "..") and "\x00" not in name else None
