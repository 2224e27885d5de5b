"""Canonical JSON of records and the hash that is equal for every export of a version."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

INSTALLATION_COLUMNS = frozenset({"document_id", "document_version", "section_id"})
"""Names that one installation gave; the same documents hash the same on another one."""

# str.splitlines() and many readers break lines here
_LINE_BREAKERS = re.compile("[\u2028\u2029\x85]")


class ContentHash:
    """SHA-256 over records in stored order: train, validation, test, each sorted by record id."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, record: Mapping[str, Any]) -> None:
        """Take the next record, whatever the order of its keys."""
        content = {name: value for name, value in record.items() if name not in INSTALLATION_COLUMNS}
        canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
        self._digest.update(canonical.encode("utf-8"))
        self._digest.update(b"\n")

    @property
    def hex(self) -> str:
        """The hash of all records so far."""
        return self._digest.hexdigest()


def json_line(record: Mapping[str, Any]) -> str:
    """The record as one line of JSON without its newline: UTF-8 readable, keys in the given order.

    Raises:
        ValueError: If a number is not finite or a text holds half a surrogate pair.
    """
    line = json.dumps(record, ensure_ascii=False, allow_nan=False)
    line = _LINE_BREAKERS.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
    line.encode("utf-8")
    return line
