"""Anchors: signed sayings of how the audit log stood, kept in a file outside of the database.

A chain shows every change inside of it, but not that its end was cut off or that an older copy of the whole database
took its place: an older chain is as good a chain. The file remembers what the database has forgotten.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from shared.database.audit.signing_key import SigningKey, is_signed_by, key_id_of
from shared.errors import Unavailable
from shared.file_lock import hold
from shared.models.audit_chain import AuditHead

ANCHOR_FILE = "anchors.jsonl"
_DOMAIN = b"clara-audit-anchor-v1\n"
_PATIENCE_S = 10.0
_LOOK_S = 0.01


class AnchorsUnreadable(Unavailable):
    """The file of anchors cannot be read or written."""

    code = "anchors_unreadable"


@dataclass(frozen=True, slots=True)
class Anchor:
    """One saying: the row `seq` had this hash, and there were no rows after it.

    Args:
        seq: Number of the newest row.
        hash: Its hash.
        made_at: ISO 8601 UTC.
        key_id: Who signed.
        signature: Of all the others, hex.
    """

    seq: int
    hash: str
    made_at: str
    key_id: str = ""
    signature: str = ""

    def message(self) -> bytes:
        """What is signed."""
        said = {"hash": self.hash, "made_at": self.made_at, "seq": self.seq}
        return _DOMAIN + json.dumps(said, sort_keys=True, separators=(",", ":")).encode("ascii")

    def is_signed_by(self, key: Any) -> bool:
        """Whether a public key stands behind it."""
        return self.key_id == key_id_of(key) and is_signed_by(key, self.message(), self.signature)


def anchor_of(head: AuditHead, key: SigningKey, *, made_at: str) -> Anchor:
    """A signed anchor.

    Raises:
        AnchorKeyUnusable: If there is no key to sign with.
    """
    plain = Anchor(head.seq, head.hash, made_at)
    key_id, signature = key.sign(plain.message())
    return Anchor(head.seq, head.hash, made_at, key_id, signature)


def anchor_from(values: object) -> Anchor | None:
    """The anchor that a JSON object stands for; None if it is none."""
    if not isinstance(values, Mapping):
        return None
    try:
        anchor = Anchor(**{field.name: values[field.name] for field in fields(Anchor)})
    except KeyError:
        return None
    texts = (anchor.hash, anchor.made_at, anchor.key_id, anchor.signature)
    is_number = isinstance(anchor.seq, int) and not isinstance(anchor.seq, bool)
    return anchor if is_number and all(isinstance(text, str) for text in texts) else None


class AnchorFile:
    """Anchors in a file, a line each, oldest first.

    Args:
        path: The file; there may be none yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Sequence[Anchor | None]:
        """Every anchor; None in the place of a line that is none. A line that a crash cut off is left out.

        Raises:
            AnchorsUnreadable: If there is a file that cannot be read.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise AnchorsUnreadable(f"The anchors {self.path} cannot be read: {exc.strerror}.") from exc
        return [_parsed(line) for line in text.split(b"\n")[:-1]]

    def last(self) -> Anchor | None:
        """The newest anchor; None if there is none."""
        return next((anchor for anchor in reversed(self.read()) if anchor is not None), None)

    def append(self, anchor: Anchor) -> None:
        """Add an anchor; it is on disk afterwards.

        Raises:
            AnchorsUnreadable: If the file cannot be written.
        """
        line = json.dumps(asdict(anchor), sort_keys=True).encode("ascii") + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
                if _torn_at(file.fileno()) is not None:
                    self._drop_torn_line(file.fileno())
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as exc:
            raise AnchorsUnreadable(f"The anchors {self.path} cannot be written: {exc.strerror}.") from exc

    def _drop_torn_line(self, descriptor: int) -> None:
        """One process at a time, and only what is torn still: another one may have dropped it, and have gone on."""
        lock = _held(self.path.with_suffix(".lock"))
        try:
            torn_at = _torn_at(descriptor)
            if torn_at is not None:
                os.ftruncate(descriptor, torn_at)
        finally:
            os.close(lock)


def _held(path: Path) -> int:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return hold(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise AnchorsUnreadable(f"Another process has held {path} for {_PATIENCE_S:.0f} s.") from None
            time.sleep(_LOOK_S)


def _parsed(line: bytes) -> Anchor | None:
    try:
        return anchor_from(json.loads(line))
    except (ValueError, RecursionError):
        return None


def _torn_at(descriptor: int) -> int | None:
    """Where the last line begins if a crash cut it off."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - 4096)
    os.lseek(descriptor, start, os.SEEK_SET)
    tail = os.read(descriptor, size - start)
    return None if not tail or tail.endswith(b"\n") else start + tail.rfind(b"\n") + 1
