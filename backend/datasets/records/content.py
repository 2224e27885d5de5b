"""Canonical JSON of records and the hash that is equal for every export of a version."""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

INSTALLATION_COLUMNS = frozenset({"document_id", "document_version", "section_id"})
"""Names that one installation gave; the same documents hash the same on another one."""

# str.splitlines() and many readers break lines at U+2028, U+2029 and U+0085
_LINE_BREAKERS = re.compile(b"\xe2\x80[\xa8\xa9]|\xc2\x85")
# their last bytes, each of which is rare in German: looking for one byte is five times as quick as for two
_SUSPECT = (b"\xa8", b"\xa9", b"\x85")


# very large and very small numbers, which the two libraries spell in two ways; it may also be text that looks so
_WRITTEN_OTHERWISE = re.compile(rb"[:,\[]-?(?:[0-9.]+e|0\.0000)")


class ContentHash:
    """SHA-256 over records in stored order: train, validation, test, each sorted by record id."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, record: Mapping[str, Any]) -> None:
        """Take the next record, whatever the order of its keys."""
        content = {name: value for name, value in record.items() if name not in INSTALLATION_COLUMNS}
        self._digest.update(_canonical(content))
        self._digest.update(b"\n")

    @property
    def hex(self) -> str:
        """The hash of all records so far."""
        return self._digest.hexdigest()


def _canonical(content: Mapping[str, Any]) -> bytes:
    """As `json.dumps` writes it with sorted keys, by the quicker library wherever both write the same bytes."""
    # imported here: an idle service does without it
    import orjson

    try:
        quick = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        quick = b"null"  # what it cannot write
    if b"null" not in quick and not _WRITTEN_OTHERWISE.search(quick):
        return quick
    careful = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return careful.encode("utf-8")


def json_line(record: Mapping[str, Any]) -> str:
    """As `json_bytes`, as text.

    Raises:
        ValueError: If a number is not finite or a text holds half a surrogate pair.
    """
    return json_bytes(record).decode("utf-8")


def json_bytes(record: Mapping[str, Any]) -> bytes:
    """The record as one line of JSON without its newline: UTF-8, no spaces, keys in the given order.

    Raises:
        ValueError: If a number is not finite or a text holds half a surrogate pair.
    """
    return json_lines([record])[:-1]


def json_lines(records: Iterable[Mapping[str, Any]], *, reals: Sequence[str] | None = None) -> bytes:
    """Records as lines of JSON, each with its newline; many at once are quicker than one by one.

    Args:
        records: To be written.
        reals: The only members that can be numbers with a fraction, where the caller knows; None: they may stand
            anywhere, and all lines are searched for those that are not finite.

    Raises:
        ValueError: As `json_bytes`.
    """
    # imported here: an idle service does without it
    import orjson

    records = list(records)
    try:
        lines = b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])
    except TypeError:
        # whole numbers beyond 64 bits and half surrogates, which the careful way writes or names
        lines = _careful(records)
    # it writes numbers that are not finite as null
    if b"null" in lines if reals is None else not _are_finite(records, reals):
        lines = _careful(records)
    return _LINE_BREAKERS.sub(_escaped, lines) if any(each in lines for each in _SUSPECT) else lines


def _are_finite(records: Iterable[Mapping[str, Any]], reals: Sequence[str]) -> bool:
    # a sum is finite only if all of its numbers are
    return all(math.isfinite(sum([record.get(name, 0.0) for record in records])) for name in reals)


def _careful(records: Iterable[Mapping[str, Any]]) -> bytes:
    dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
    return b"".join([f"{dump(record)}\n".encode() for record in records])


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % ord(found[0].decode("utf-8"))
