"""Rows of a segment: which section each one is, how long it is, when it is in force, and whether it is alive.

A segment never changes. Of a replaced or erased document the rows are marked dead, and a merge leaves them out.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.postings import MAX_ROWS

_ALWAYS_FROM, _ALWAYS_TO = 0, 1 << 30  # outside of what dates have as ordinals
COLUMNS = ("document", "ordinal", "stem_length", "piece_length", "valid_from", "valid_to")
Column = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SegmentDocument:
    """What a segment knows of a document; equal to what filters ask for.

    Args:
        ingested_at: Seconds since 1970.
    """

    document_id: str
    version: int
    source: str
    media_type: str
    abbreviation: str
    ingested_at: float


class Segment:
    """Columns of one segment, each with a value per row.

    Args:
        documents: The column `document` holds positions in it.
        columns: In the order of `COLUMNS`; lengths in units of `section_terms.UNIT`, dates as ordinals.
    """

    def __init__(self, segment: int, documents: list[SegmentDocument], columns: NDArray[np.int32]) -> None:
        self.segment = segment
        self.documents = documents
        self.columns = columns
        self.document, self.ordinal, self.stem_length, self.piece_length, self.valid_from, self.valid_to = columns

    @property
    def row_count(self) -> int:
        """Rows, dead ones included."""
        return int(self.columns.shape[1])

    @cached_property
    def ingested_at(self) -> NDArray[np.float64]:
        """Per document."""
        return np.array([document.ingested_at for document in self.documents], dtype=np.float64)

    def section_id(self, row: int) -> str:
        """Id of the section in a row."""
        document = self.documents[self.document[row]]
        return f"{document.document_id}:{document.version}:{self.ordinal[row]}"


class Liveness:
    """Which rows of a segment are alive, with the sums that scores need.

    Args:
        live: A truth value per row.
    """

    def __init__(self, segment: Segment, generation: int, live: NDArray[np.bool_]) -> None:
        self.generation = generation
        self.live = live
        self.live_count = int(live.sum())
        self.is_whole = self.live_count == segment.row_count
        self.stem_length = int(segment.stem_length[live].sum(dtype=np.int64))
        self.piece_length = int(segment.piece_length[live].sum(dtype=np.int64))


def dates_as_ordinals(valid_from: "object", valid_to: "object") -> tuple[int, int]:
    """First and last day in force; a missing one is earlier or later than all."""
    first = getattr(valid_from, "toordinal", lambda: _ALWAYS_FROM)()
    last = getattr(valid_to, "toordinal", lambda: _ALWAYS_TO)()
    return first, last


def save(connection: sqlite3.Connection, documents: list[SegmentDocument], columns: NDArray[np.int32]) -> int:
    """Write a new segment, all alive, without its postings; returns its number."""
    fields = [[d.document_id, d.version, d.source, d.media_type, d.abbreviation, d.ingested_at] for d in documents]
    cursor = connection.execute(
        "INSERT INTO segments (documents, columns) VALUES (?, ?)",
        (json.dumps(fields), columns.astype("<i4").tobytes()),
    )
    segment = int(cursor.lastrowid or 0)
    row_count = columns.shape[1]
    connection.execute(
        "INSERT INTO liveness (segment, generation, row_count, live_count, live) VALUES (?, 0, ?, ?, ?)",
        (segment, row_count, row_count, np.packbits(np.ones(row_count, dtype=np.bool_)).tobytes()),
    )
    _save_parts(connection, segment, documents, columns[0])
    return segment


def load(connection: sqlite3.Connection, segment: int) -> Segment:
    """Read a segment.

    Raises:
        sqlite3.DatabaseError: If it is not there or damaged.
    """
    row = connection.execute("SELECT documents, columns FROM segments WHERE segment = ?", (segment,)).fetchone()
    try:
        documents = [SegmentDocument(*fields) for fields in json.loads(row[0])]
        columns = np.frombuffer(row[1], dtype="<i4").reshape(len(COLUMNS), -1)
        if columns.shape[1] > MAX_ROWS or (columns.size and int(columns[0].max()) >= len(documents)):
            raise ValueError("rows of unknown documents")
    except (TypeError, ValueError) as exc:
        raise sqlite3.DatabaseError(f"segment {segment} is damaged") from exc
    return Segment(segment, documents, columns)


def load_liveness(connection: sqlite3.Connection, segment: Segment) -> Liveness:
    """Read which rows are alive.

    Raises:
        sqlite3.DatabaseError: If that is not there or damaged.
    """
    row = connection.execute("SELECT generation, live FROM liveness WHERE segment = ?", (segment.segment,)).fetchone()
    if row is None or len(row[1]) != -(-segment.row_count // 8):
        raise sqlite3.DatabaseError(f"segment {segment.segment} is damaged")
    live = np.unpackbits(np.frombuffer(row[1], dtype=np.uint8), count=segment.row_count).astype(np.bool_)
    return Liveness(segment, row[0], live)


def living(connection: sqlite3.Connection, number: int) -> Iterator[tuple[str, int]]:
    """Documents of a segment with the number of their living rows."""
    segment = load(connection, number)
    alive = load_liveness(connection, segment)
    counts = np.bincount(segment.document[alive.live], minlength=len(segment.documents))
    for document, count in zip(segment.documents, counts.tolist(), strict=True):
        yield document.document_id, count


def bury(connection: sqlite3.Connection, segment: int, spans: list[tuple[int, int]]) -> None:
    """Mark spans of rows, each (first, count), as dead."""
    (packed,) = connection.execute("SELECT live FROM liveness WHERE segment = ?", (segment,)).fetchone()
    live = np.unpackbits(np.frombuffer(packed, dtype=np.uint8))
    for first, count in spans:
        live[first : first + count] = 0
    connection.execute(
        "UPDATE liveness SET generation = generation + 1, live_count = ?, live = ? WHERE segment = ?",
        (int(live.sum()), np.packbits(live).tobytes(), segment),
    )


def _save_parts(
    connection: sqlite3.Connection, segment: int, documents: list[SegmentDocument], document: Column
) -> None:
    if not len(document):
        return
    starts = np.flatnonzero(np.diff(document, prepend=-1))
    counts = np.diff(starts, append=len(document))
    connection.executemany(
        "INSERT INTO parts (document_id, segment, first_row, row_count) VALUES (?, ?, ?, ?)",
        [
            (documents[document[first]].document_id, segment, int(first), int(count))
            for first, count in zip(starts, counts, strict=True)
        ],
    )
