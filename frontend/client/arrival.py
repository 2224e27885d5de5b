"""The bytes of a download that have arrived: hashed on the way, kept for another attempt, there only when whole."""

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO
from uuid import uuid4

from shared.errors import Unavailable

_CHUNK = 1 << 20
_PLACE = re.compile(r"bytes (\d+)-\d+/\d+", re.ASCII)

OnBytes = Callable[[int, int | None], None]


class TargetNotWritable(Unavailable):
    """The file cannot be written where the caller wants it."""

    code = "target_not_writable"

    def __init__(self, target: Path, reason: str) -> None:
        super().__init__(f"{target} cannot be written: {reason}. Choose another place with --to.", path=str(target))


class Arrival:
    """A file on its way into `target`.

    Where the service names the state of its file (a strong `ETag`) and takes ranges, what arrived of a broken transfer
    stays beside the target as `.<name>.<state>.part`, and the next attempt, also of another process, begins behind it.

    Args:
        target: The file to be.
        headers: Of the first answer.
        on_bytes: Called with bytes so far and the total, where known.
    """

    def __init__(self, target: Path, headers: Mapping[str, str], on_bytes: OnBytes | None) -> None:
        self.target = target
        self.size_bytes = 0
        self._on_bytes = on_bytes
        self._tag = _strong_tag(headers)
        self._total = _number(headers.get("content-length"))
        self._digest = hashlib.sha256()
        state = hashlib.sha256(self._tag.encode()).hexdigest()[:12] if self._tag else uuid4().hex[:8]
        self._part = target.with_name(f".{target.name}.{state}.part")
        if self._tag:
            self._take_up()

    @property
    def sha256(self) -> str:
        """Of the bytes so far, hex."""
        return self._digest.hexdigest()

    @property
    def is_resumable(self) -> bool:
        """Whether another attempt can begin where this one ended."""
        return self._tag is not None

    @property
    def asked(self) -> Mapping[str, str]:
        """Headers of a request for what is missing, if the file is still the same."""
        return {"Range": f"bytes={self.size_bytes}-", "If-Range": self._tag or ""}

    def is_of(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer is about the same state of the same file."""
        return self._tag is not None and _strong_tag(headers) == self._tag

    def continues(self, headers: Mapping[str, str]) -> bool:
        """Whether an answer goes on exactly where the bytes end."""
        place = _PLACE.fullmatch(headers.get("content-range", ""))
        return self.is_of(headers) and place is not None and int(place[1]) == self.size_bytes

    def open(self) -> IO[bytes]:
        """The part file behind what it holds.

        Raises:
            TargetNotWritable: If it cannot be opened.
        """
        try:
            return self._part.open("ab" if self.size_bytes else "wb")
        except OSError as exc:
            raise self._not_writable(exc) from exc

    def add(self, piece: bytes, file: IO[bytes]) -> None:
        """Take the next bytes.

        Raises:
            TargetNotWritable: If they cannot be written.
        """
        try:
            file.write(piece)
        except OSError as exc:
            raise self._not_writable(exc) from exc
        self._digest.update(piece)
        self.size_bytes += len(piece)
        if self._on_bytes is not None:
            self._on_bytes(self.size_bytes, self._total)

    def publish(self, file: IO[bytes]) -> None:
        """Make the whole file the target.

        Raises:
            TargetNotWritable: If it cannot be moved there.
        """
        try:
            file.flush()
            os.fsync(file.fileno())
            file.close()
            self._part.replace(self.target)
        except OSError as exc:
            raise self._not_writable(exc) from exc

    def discard(self) -> None:
        """Remove what arrived."""
        self._part.unlink(missing_ok=True)

    def _take_up(self) -> None:
        """Count and hash what an earlier attempt left; more than the whole is not of this file."""
        if self._part.is_symlink():
            # not of ours: it would lead the bytes elsewhere
            self._part.unlink()
        try:
            with self._part.open("rb") as left:
                if self._total is not None and os.fstat(left.fileno()).st_size >= self._total:
                    return
                while piece := left.read(_CHUNK):
                    self._digest.update(piece)
                    self.size_bytes += len(piece)
        except FileNotFoundError:
            return

    def _not_writable(self, error: OSError) -> TargetNotWritable:
        return TargetNotWritable(self.target, error.strerror or type(error).__name__)


def _strong_tag(headers: Mapping[str, str]) -> str | None:
    tag = headers.get("etag", "")
    takes_ranges = headers.get("accept-ranges", "").lower() == "bytes"
    return tag if takes_ranges and tag.startswith('"') else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None
