"""How entries of the audit log hang together: each row's hash covers the hash of the row before it.

    hash = SHA-256(previous hash, number, moment, content; a line feed between each two), as lower-case hex
    moment = "YYYY-MM-DD HH:MM:SS.ffffff" in UTC
    content = the other columns as one JSON object: keys sorted, no spaces, ASCII; `detail` as the text that is stored

The first row follows `GENESIS`. Anybody can check a log with these four lines and no code of ours.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What stands in the place of the hash before the first row."""

CHAINED = ("action", "actor", "address", "detail", "object_id", "object_type", "outcome", "request_id", "roles")
"""Columns of a row that its content is made of, besides number and moment."""


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The newest row of a chain.

    Args:
        seq: Its number, which is also how many rows there are; 0 for an empty log.
        hash: Its hash, `GENESIS` for an empty log.
    """

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class AuditLink:
    """One row as it is stored, before anything is read into it.

    Args:
        seq: Number of the row.
        moment: Text of its moment.
        columns: Texts of the `CHAINED` columns.
        hash: What the row says its hash is.
        is_text: Whether all of these are stored as texts; otherwise something else than CLARA wrote them.
    """

    seq: int
    moment: str
    columns: Mapping[str, str | None]
    hash: str
    is_text: bool = True

    def follows(self, previous: str) -> bool:
        """Whether this row is what was written after the row with the hash `previous`."""
        return self.is_text and linked(previous, self.seq, self.moment, content_of(self.columns)) == self.hash


def content_of(columns: Mapping[str, Any]) -> str:
    """The content of a row, from the texts of its columns."""
    chosen = {name: columns[name] for name in CHAINED}
    return json.dumps(chosen, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def linked(previous: str, seq: int, moment: str, content: str) -> str:
    """The hash of a row that follows `previous`."""
    return hashlib.sha256(f"{previous}\n{seq}\n{moment}\n{content}".encode()).hexdigest()
