"""One state of the index, as one search sees it, with what stays in memory between searches.

Columns never change and are kept by build and segment; which rows live is kept by generation too. What a newer state
does not have any more is dropped.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.postings import counted, unpacked
from shared.database.inverted_index.schema import Kind
from shared.database.inverted_index.segments import Liveness, Segment, load, load_liveness

Postings = NDArray[np.void]


class SegmentCache:
    """Segments of the newest state that was seen; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._build = ""
        self._segments: dict[int, tuple[Segment, Liveness]] = {}

    def current(self, connection: sqlite3.Connection) -> dict[int, tuple[Segment, Liveness]]:
        """Segments by number, in the caller's read transaction."""
        (build,) = connection.execute("SELECT build FROM meta").fetchone()
        generations = connection.execute("SELECT segment, generation FROM liveness ORDER BY segment").fetchall()
        with self._lock:
            known = self._segments if build == self._build else {}
        found = {}
        for number, generation in generations:
            segment, alive = known.get(number, (None, None))
            if segment is None:
                segment = load(connection, number)
            if alive is None or alive.generation != generation:
                alive = load_liveness(connection, segment)
            found[number] = segment, alive
        with self._lock:
            self._build, self._segments = build, found
        return found

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._build, self._segments = "", {}


class Snapshot:
    """The index inside one read transaction.

    Args:
        connection: In a transaction until the search ends.
        cache: Shared by searches.
        end: When the search must be over, by `time.monotonic`.
    """

    def __init__(self, connection: sqlite3.Connection, cache: SegmentCache, *, end: float) -> None:
        self._connection = connection
        self._end = end
        self._segments = cache.current(connection)
        self.segments = [segment for segment, _ in self._segments.values()]
        self.starts = dict(zip(self._segments, self._first_places(), strict=True))

    @property
    def row_count(self) -> int:
        """Rows of all segments, dead ones included."""
        return sum(segment.row_count for segment in self.segments)

    @property
    def live_count(self) -> int:
        """Sections that can be found."""
        return sum(alive.live_count for _, alive in self._segments.values())

    def look_at_clock(self) -> None:
        """To be called now and then.

        Raises:
            TimeoutError: If the search must be over.
        """
        if time.monotonic() > self._end:
            raise TimeoutError

    def segment(self, number: int) -> Segment:
        """A segment by its number."""
        return self._segments[number][0]

    def liveness(self, number: int) -> Liveness:
        """Which rows of it are alive."""
        return self._segments[number][1]

    def live(self) -> NDArray[np.bool_]:
        """Which rows of all segments are alive, one segment after the other."""
        return _concatenated([alive.live for _, alive in self._segments.values()], np.bool_)

    def packed(self, kind: Kind, terms: Iterable[str]) -> dict[int, dict[str, bytes]]:
        """Packed postings by segment and term, in the order of the terms; what nothing has is absent."""
        wanted = json.dumps([term for term in terms if _is_storable(term)])
        statement = (
            "SELECT j.value, p.packed FROM json_each(?) j CROSS JOIN postings p "
            "ON p.segment = ? AND p.kind = ? AND p.term = j.value"
        )
        found = {}
        for number in self._segments:
            self.look_at_clock()
            found[number] = dict(self._connection.execute(statement, (wanted, number, int(kind))))
        return found

    def postings(self, kind: Kind, terms: Iterable[str]) -> dict[str, list[tuple[int, Postings]]]:
        """Postings of terms, each as (segment, postings); terms that nothing has are absent."""
        found: dict[str, list[tuple[int, Postings]]] = {}
        for number, packed in self.packed(kind, terms).items():
            row_count = self._segments[number][0].row_count
            for term, blob in packed.items():
                found.setdefault(term, []).append((number, unpacked(blob, row_count=row_count)))
        return found

    def live_rows(self, number: int, postings: Postings) -> NDArray[np.int64]:
        """Living rows of postings of one segment."""
        rows = postings["row"].astype(np.int64)
        alive = self._segments[number][1]
        return rows if alive.is_whole else rows[alive.live[rows]]

    def live_totals(self, packed: Mapping[int, Mapping[str, bytes]]) -> dict[str, int]:
        """How many sections that can be found have each term."""
        totals: dict[str, int] = {}
        for number, blobs in packed.items():
            segment, alive = self._segments[number]
            for term, blob in blobs.items():
                count = counted(blob)
                if not alive.is_whole:
                    count = int(alive.live[unpacked(blob, row_count=segment.row_count)["row"]].sum())
                totals[term] = totals.get(term, 0) + count
        return totals

    def keys(self, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], "Keys"]:
        """Under which keys sections are cited and what they cite, by (segment, row)."""
        found = {}
        statement = "SELECT identities, mentions FROM links WHERE segment = ? AND section_row = ?"
        for place in places:
            row = self._connection.execute(statement, place).fetchone()
            found[place] = Keys(json.loads(row[0]), json.loads(row[1])) if row else Keys((), ())
        return found

    def parts(self, document_ids: Iterable[str]) -> Iterator[tuple[str, int, int, int]]:
        """Where documents lie: (document id, segment, first row, number of rows)."""
        wanted = json.dumps([each for each in document_ids if _is_storable(each)])
        yield from self._connection.execute(
            "SELECT p.document_id, p.segment, p.first_row, p.row_count FROM json_each(?) j CROSS JOIN parts p "
            "ON p.document_id = j.value ORDER BY p.document_id, p.segment, p.first_row",
            (wanted,),
        )

    def _first_places(self) -> list[int]:
        places, place = [], 0
        for segment in self.segments:
            places.append(place)
            place += segment.row_count
        return places


@dataclass(frozen=True, slots=True)
class Keys:
    """Of one section."""

    identities: Sequence[str]
    mentions: Sequence[str]


def _concatenated(parts: list[NDArray[np.bool_]], dtype: type[np.bool_]) -> NDArray[np.bool_]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)


def _is_storable(text: str) -> bool:
    """Whether a text can be in the file at all: SQLite's JSON ends at a zero, and UTF-8 has no lone surrogates."""
    return "\x00" not in text and text == text.encode("utf-8", "ignore").decode()
