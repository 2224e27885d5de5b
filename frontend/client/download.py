"""Fetch a file: streamed, checked against the announced digest, and there only when it is whole."""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path, PurePosixPath, PureWindowsPath
from uuid import uuid4

from frontend.client.errors import DownloadCorrupt
from frontend.client.transport import Transport
from shared.errors import Unavailable


class TargetNotWritable(Unavailable):
    """The file cannot be written where the caller wants it."""

    code = "target_not_writable"

    def __init__(self, target: Path, reason: str) -> None:
        super().__init__(f"{target} cannot be written: {reason}. Choose another place with --to.", path=str(target))


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
    on_bytes: Callable[[int, int | None], None] | None = None,
) -> Downloaded:
    """Stream `path` into `target`; an existing file is replaced only by a whole one.

    Args:
        transport: The service to ask.
        path: Route of the file.
        target: A file, or an existing folder: then the service names the file.
        fallback: File name where the service gives none.
        on_bytes: Called with bytes so far and the total, where known.

    Raises:
        DownloadCorrupt: If the digest differs.
        TargetNotWritable: If the target cannot be written.
    """
    with transport.stream("GET", path) as response:
        if target.is_dir():
            target = target / (_offered_name(response.headers) or fallback)
        total = int(response.headers["content-length"]) if "content-length" in response.headers else None
        part = target.with_name(f".{target.name}.{uuid4().hex[:8]}.part")
        digest = hashlib.sha256()
        size_bytes = 0
        try:
            with part.open("wb") as file:
                for piece in response.iter_bytes(1 << 16):
                    file.write(piece)
                    digest.update(piece)
                    size_bytes += len(piece)
                    if on_bytes is not None:
                        on_bytes(size_bytes, total)
                file.flush()
                os.fsync(file.fileno())
            expected = announced_sha256(response.headers)
            if expected is not None and expected != digest.hexdigest():
                raise DownloadCorrupt(f"{transport.url}{path}", expected, digest.hexdigest())
            part.replace(target)
        except OSError as exc:
            raise TargetNotWritable(target, exc.strerror or type(exc).__name__) from exc
        finally:
            part.unlink(missing_ok=True)
    return Downloaded(target, size_bytes, digest.hexdigest(), is_verified=expected is not None)


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
