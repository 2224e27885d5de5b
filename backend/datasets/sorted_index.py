"""Files of `id <tab> hash <tab> JSON` lines sorted by id: two of them are compared in one pass, from any place on.

Ids are ASCII without tabs; they sort by their bytes. A reader finds its place by halving, so that a page costs its own
lines and not those before it.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Args:
        id: What it is about.
        hash: Of its content, hex.
        detail: For people.
    """

    id: str
    hash: str
    detail: Mapping[str, Any]


class Change(StrEnum):
    """How two entries of the same id differ."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Difference:
    """One id in two indexes; the side that does not have it is None."""

    change: Change
    before: Entry | None
    after: Entry | None

    @property
    def id(self) -> str:
        """What it is about."""
        entry = self.after or self.before
        return entry.id if entry else ""


class IndexSorter:
    """Takes entries in any order and gives them back sorted, with flat memory.

    Args:
        file: New scratch file.
    """

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            "CREATE TABLE entries (id TEXT PRIMARY KEY, hash TEXT, detail TEXT) WITHOUT ROWID;"
        )
        self._database.execute("BEGIN")

    def add(self, entry: Entry) -> None:
        """Take an entry; ids are unique."""
        detail = json.dumps(entry.detail, ensure_ascii=True, sort_keys=True)
        self._database.execute("INSERT INTO entries VALUES (?, ?, ?)", (entry.id, entry.hash, detail))

    def write(self, target: Path) -> int:
        """Write the sorted file; returns the number of lines."""
        rows = self._database.execute("SELECT id, hash, detail FROM entries ORDER BY id")
        with target.open("w", encoding="ascii", newline="\n") as stream:
            return _write_lines(stream, rows)

    def close(self) -> None:
        """Release the scratch file."""
        self._database.close()


def write_sorted(entries: Iterable[Entry], target: Path) -> int:
    """Write entries that come sorted; returns their number."""
    rows = ((each.id, each.hash, json.dumps(each.detail, ensure_ascii=True, sort_keys=True)) for each in entries)
    with target.open("w", encoding="ascii", newline="\n") as stream:
        return _write_lines(stream, rows)


def _write_lines(stream: Any, rows: Iterable[tuple[str, str, str]]) -> int:
    count = 0
    for name, digest, detail in rows:
        stream.write(f"{name}\t{digest}\t{detail}\n")
        count += 1
    return count


def differences(
    before: Path, after: Path, *, wanted: Collection[Change] = frozenset(Change), beyond: str | None = None
) -> Iterator[Difference]:
    """Ids of two indexes in order; both are read once, line by line.

    Args:
        before: The one side.
        after: The other.
        wanted: Only ids that differ in one of these ways.
        beyond: Ids up to this one are left out, without being read.
    """
    with before.open("rb") as old, after.open("rb") as new:
        for one, two in _pairs(_lines(old, beyond), _lines(new, beyond)):
            change = _change(one, two)
            if change in wanted:
                yield Difference(change, _entry(one), _entry(two))


def counts(before: Path, after: Path) -> dict[str, int]:
    """Number of ids by how they differ."""
    with before.open("rb") as old, after.open("rb") as new:
        found = Counter(_change(one, two) for one, two in _pairs(_lines(old, None), _lines(new, None)))
    return {change.value: found[change] for change in Change}


_Line = tuple[bytes, bytes, bytes]


def _pairs(left: Iterator[_Line], right: Iterator[_Line]) -> Iterator[tuple[_Line | None, _Line | None]]:
    """The lines of each id, None on the side that does not have it."""
    one, two = next(left, None), next(right, None)
    while one is not None or two is not None:
        if two is None or (one is not None and one[0] < two[0]):
            yield one, None
            one = next(left, None)
        elif one is None or two[0] < one[0]:
            yield None, two
            two = next(right, None)
        else:
            yield one, two
            one, two = next(left, None), next(right, None)


def _change(one: _Line | None, two: _Line | None) -> Change:
    if one is None:
        return Change.ADDED
    if two is None:
        return Change.REMOVED
    return Change.UNCHANGED if one[1] == two[1] else Change.CHANGED


def _lines(stream: BinaryIO, beyond: str | None) -> Iterator[_Line]:
    if beyond is not None:
        _seek_beyond(stream, beyond.encode("ascii", "replace"))
    for line in stream:
        name, digest, detail = line.split(b"\t", 2)
        yield name, digest, detail


def _entry(line: _Line | None) -> Entry | None:
    if line is None:
        return None
    return Entry(line[0].decode("ascii"), line[1].decode("ascii"), json.loads(line[2]))


def _seek_beyond(stream: BinaryIO, name: bytes) -> None:
    """Stand at the first line whose id is larger: halve the bytes until one line is left."""
    low, high = 0, stream.seek(0, 2)
    while low < high:
        middle = (low + high) // 2
        start = _line_start(stream, middle)
        line = stream.readline()
        if line and line.split(b"\t", 1)[0] <= name:
            low = start + len(line)
        else:
            high = min(start, middle)
    stream.seek(low)


def _line_start(stream: BinaryIO, place: int) -> int:
    """Stand at the beginning of the line in which a byte lies."""
    step, start = 256, place
    while start > 0:
        begin = max(0, start - step)
        stream.seek(begin)
        found = stream.read(start - begin).rfind(b"\n")
        if found >= 0:
            start = begin + found + 1
            break
        start = begin
    stream.seek(start)
    return start
