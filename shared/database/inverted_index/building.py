"""Sections to new segments: collected in memory by words, turned into postings at once, and written.

Memory is bounded by the number of words collected, whatever the number of documents.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.analysis import pieces, stems
from shared.database.inverted_index.postings import MAX_ROWS, POSTING, packed
from shared.database.inverted_index.schema import Kind
from shared.database.inverted_index.section_terms import terms_of
from shared.database.inverted_index.segments import COLUMNS, SegmentDocument, dates_as_ordinals, save
from shared.models.document import Document, StoredSection

FLUSH_AFTER = 500_000  # different words of sections, summed over sections: when a segment is written
_LENGTH_COLUMNS = {Kind.STEM: 2, Kind.PIECE: 3}


class _Occurrences:
    """Where words stand and how much they count there: number of the word, row, weight."""

    def __init__(self) -> None:
        self._words, self._rows, self._weights = array("I"), array("I"), array("I")

    def __len__(self) -> int:
        return len(self._words)

    def add(self, row: int, weights: Mapping[str, int], known: dict[str, int]) -> None:
        """Words of a row; new ones are numbered in `known`."""
        self._words.extend([known.setdefault(word, len(known)) for word in weights])
        self._rows.extend([row] * len(weights))
        self._weights.extend(weights.values())

    def columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of words, rows and weights, each of shape (occurrences,)."""
        words, rows, weights = (
            np.frombuffer(each, dtype=np.uint32).astype(np.int64) for each in (self._words, self._rows, self._weights)
        )
        return words, rows, weights


class SegmentBuilder:
    """Collects sections and writes them as segments.

    Args:
        connection: In the caller's transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._reset()

    def add(self, document: Document, sections: Sequence[StoredSection]) -> None:
        """Collect a document, and write what was collected when there is enough of it."""
        place = -1
        for stored in sections:
            if place < 0 or self._row_count == 0:
                place = len(self._documents)
                self._documents.append(_kept(document))
            self._add_section(place, document, stored)
            if len(self._in_bodies) >= FLUSH_AFTER or self._row_count == MAX_ROWS:
                self.flush()

    def flush(self) -> None:
        """Write what was collected; nothing if there is nothing."""
        if not self._row_count:
            return
        columns = np.zeros((len(COLUMNS), self._row_count), dtype=np.int32)
        for position, values in ((0, self._document), (1, self._ordinal), (4, self._from), (5, self._to)):
            columns[position] = np.frombuffer(values, dtype=np.int32)
        postings = self._word_postings(columns)
        segment = save(self._connection, self._documents, columns)
        insert_postings(self._connection, segment, postings)
        self._connection.executemany(
            "INSERT INTO links (segment, section_row, identities, mentions) VALUES (?, ?, ?, ?)",
            ((segment, row, identities, mentions) for row, identities, mentions in self._links),
        )
        self._reset()

    def _reset(self) -> None:
        self._documents: list[SegmentDocument] = []
        self._document, self._ordinal, self._from, self._to = (array("i") for _ in range(4))
        self._words: dict[str, int] = {}
        self._in_bodies, self._in_openings = _Occurrences(), _Occurrences()
        self._keys: dict[Kind, dict[str, list[int]]] = {Kind.IDENTITY: {}, Kind.MENTION: {}}
        self._links: list[tuple[int, str, str]] = []

    @property
    def _row_count(self) -> int:
        return len(self._document)

    def _add_section(self, place: int, document: Document, stored: StoredSection) -> None:
        row, section = self._row_count, stored.section
        terms = terms_of(document, section)
        first, last = dates_as_ordinals(section.valid_from, section.valid_to)
        for column, value in (
            (self._document, place),
            (self._ordinal, section.ordinal),
            (self._from, first),
            (self._to, last),
        ):
            column.append(value)
        self._in_bodies.add(row, terms.weights, self._words)
        self._in_openings.add(row, terms.opening, self._words)
        for kind, keys in ((Kind.IDENTITY, terms.identities), (Kind.MENTION, terms.mentions)):
            for key in keys:
                self._keys[kind].setdefault(key, []).append(row)
        if terms.identities or terms.mentions:
            self._links.append((row, json.dumps(terms.identities), json.dumps(terms.mentions)))

    def _word_postings(self, columns: NDArray[np.int32]) -> Iterable[tuple[Kind, str, bytes]]:
        """Postings of all kinds; fills in the lengths of the rows."""
        postings: list[Iterable[tuple[Kind, str, bytes]]] = []
        in_bodies, in_openings = self._in_bodies.columns(), self._in_openings.columns()
        for kind, parts_of, occurrences in (
            (Kind.STEM, stems, in_bodies),
            (Kind.PIECE, pieces, in_bodies),
            (Kind.OPENING, stems, in_openings),
        ):
            parts: dict[str, int] = {}
            spread = [[parts.setdefault(part, len(parts)) for part in parts_of(word)] for word in self._words]
            records, counts = _spread(spread, *occurrences)
            if kind in _LENGTH_COLUMNS:
                lengths = np.bincount(records["row"], weights=records["weight"], minlength=self._row_count)
                columns[_LENGTH_COLUMNS[kind]] = lengths
            postings.append(_in_order(kind, list(parts), records, counts))
        for kind, keys in self._keys.items():
            postings.append(_of_keys(kind, keys))
        return (each for group in postings for each in group)


def insert_postings(connection: sqlite3.Connection, segment: int, postings: Iterable[tuple[int, str, bytes]]) -> None:
    """Write postings of a new segment, given as (kind, term, packed)."""
    connection.executemany(
        "INSERT INTO postings (segment, kind, term, packed) VALUES (?, ?, ?, ?)",
        ((segment, int(kind), term, blob) for kind, term, blob in postings),
    )


def _spread(
    spread: list[list[int]], ids: NDArray[np.int64], rows: NDArray[np.int64], weights: NDArray[np.int64]
) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """Postings of the parts of words, by part and row; and how many there are of each part.

    Args:
        spread: For each word the numbers of its parts.
        ids: Words that stand somewhere, shape (occurrences,).
        rows: Where they stand, same shape.
        weights: How much they count there, same shape.
    """
    part_counts = np.array([len(parts) for parts in spread], dtype=np.int64)
    offsets = np.cumsum(part_counts) - part_counts
    flat = np.array([part for parts in spread for part in parts], dtype=np.int64)
    repeats = part_counts[ids]
    starts = np.repeat(offsets[ids] - (np.cumsum(repeats) - repeats), repeats)
    part_ids = flat[starts + np.arange(len(starts))] if len(starts) else flat[:0]
    # one sortable number: part, row, weight
    keyed = (part_ids << 32) | (np.repeat(rows, repeats) << 16) | np.minimum(np.repeat(weights, repeats), 0xFFFF)
    keyed.sort()
    places = keyed >> 16
    firsts = np.flatnonzero(np.diff(places, prepend=-1))
    summed = np.add.reduceat(keyed & 0xFFFF, firsts) if len(firsts) else keyed[:0]
    places = places[firsts]
    part_total = int(flat.max()) + 1 if len(flat) else 0
    return packed(places & 0xFFFF, summed), np.bincount(places >> 16, minlength=part_total)


def _in_order(
    kind: Kind, terms: list[str], records: NDArray[np.void], counts: NDArray[np.int64]
) -> Iterable[tuple[Kind, str, bytes]]:
    """Postings in order of terms, which makes writing quick."""
    ends = np.cumsum(counts) * POSTING.itemsize
    blob = memoryview(records.tobytes())
    for number in sorted(np.flatnonzero(counts).tolist(), key=terms.__getitem__):
        start = int(ends[number] - counts[number] * POSTING.itemsize)
        yield kind, terms[number], bytes(blob[start : int(ends[number])])


def _of_keys(kind: Kind, keys: dict[str, list[int]]) -> Iterable[tuple[Kind, str, bytes]]:
    for key in sorted(keys):
        rows = np.array(keys[key], dtype=np.int64)
        yield kind, key, packed(rows, np.ones_like(rows)).tobytes()


def _kept(document: Document) -> SegmentDocument:
    return SegmentDocument(
        document.document_id,
        document.version,
        document.source,
        document.media_type,
        document.abbreviation,
        document.ingested_at.timestamp(),
    )
