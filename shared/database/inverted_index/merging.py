"""Small segments to larger ones, so that a search visits few however the documents came in.

Segments are sorted into tiers by their living rows; `PER_TIER` of one tier are merged, never to more than `MAX_ROWS`.
A segment of which half is dead is written anew without the dead rows. Rows keep their order, and scores do not depend
on where a row lies, so a merge changes no result.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence, Set
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from shared.database.inverted_index.building import insert_postings
from shared.database.inverted_index.postings import MAX_ROWS, POSTING, counted, unpacked
from shared.database.inverted_index.schema import DELETIONS
from shared.database.inverted_index.segments import Liveness, Segment, SegmentDocument, load, load_liveness, save

PER_TIER = 8
_TERMS_AT_ONCE = 20_000
_GONE = -1
_POSTINGS = "SELECT kind, term, ? AS place, packed FROM postings WHERE segment = ?"


def merge_where_due(connection: sqlite3.Connection) -> int:
    """Merge until every tier is small enough; returns how many merges that took."""
    merges = 0
    while chosen := _due(connection):
        merge(connection, chosen)
        merges += 1
    return merges


def drop_traces(connection: sqlite3.Connection, document_ids: Set[str]) -> None:
    """Write segments anew in which dead rows, and so words, of these documents are; all of them were removed before."""
    if not document_ids:
        return
    holding = [
        segment
        for segment, documents in connection.execute("SELECT segment, documents FROM segments")
        if not document_ids.isdisjoint(fields[0] for fields in json.loads(documents))
    ]
    for segment in holding:
        merge(connection, [segment])


def merge(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """Replace segments by one that has their living rows; by none if none lives."""
    loaded = [load(connection, number) for number in numbers]
    liveness = [load_liveness(connection, segment) for segment in loaded]
    for number in numbers:
        connection.execute("DELETE FROM parts WHERE segment = ?", (number,))
    if any(alive.live_count for alive in liveness):
        documents, columns, new_rows = _joined(loaded, liveness)
        target = save(connection, documents, columns)
        insert_postings(connection, target, _merged(connection, numbers, new_rows))
        _move_links(connection, target, numbers, new_rows)
    for number in numbers:
        for deletion in DELETIONS:
            connection.execute(deletion, (number,))


def _due(connection: sqlite3.Connection) -> list[int]:
    tiers: dict[int, list[tuple[int, int]]] = {}
    for number, live, row_count in _sizes(connection):
        if live * 2 <= row_count:
            return [number]
        tiers.setdefault(_tier(live), []).append((live, number))
    for _, segments in sorted(tiers.items()):
        chosen: list[int] = []
        rows = 0
        for live, number in sorted(segments):
            if rows + live <= MAX_ROWS and len(chosen) < PER_TIER:
                chosen.append(number)
                rows += live
        if len(segments) >= PER_TIER and len(chosen) > 1:
            return sorted(chosen)
    return []


def _sizes(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    """Segment, living rows, all rows."""
    return connection.execute("SELECT segment, live_count, row_count FROM liveness ORDER BY segment").fetchall()


def _tier(live_count: int) -> int:
    """Segments of a tier are of one size, give or take a factor of `PER_TIER`."""
    return live_count.bit_length() // PER_TIER.bit_length()


def _joined(
    segments: Sequence[Segment], liveness: Sequence[Liveness]
) -> tuple[list[SegmentDocument], NDArray[np.int32], list[NDArray[np.int64]]]:
    """Documents and columns of the living rows, and for each segment the new row of every old one."""
    documents: list[SegmentDocument] = []
    columns, new_rows = [], []
    first = 0
    for segment, alive in zip(segments, liveness, strict=True):
        kept = segment.columns[:, alive.live].copy()
        places, kept[0] = np.unique(kept[0], return_inverse=True)
        kept[0] += len(documents)
        documents.extend(segment.documents[place] for place in places)
        columns.append(kept)
        rows = np.full(segment.row_count, _GONE, dtype=np.int64)
        rows[alive.live] = np.arange(first, first + alive.live_count)
        new_rows.append(rows)
        first += alive.live_count
    return documents, np.concatenate(columns, axis=1), new_rows


def _merged(
    connection: sqlite3.Connection, numbers: Sequence[int], new_rows: Sequence[NDArray[np.int64]]
) -> Iterator[tuple[int, str, bytes]]:
    """Postings of all segments with new rows, in order of terms; a bounded number of terms is in memory."""
    # each part is in order of the primary key, so that SQLite merges them without sorting
    parts = " UNION ALL ".join([_POSTINGS] * len(numbers))
    places = [value for place_and_segment in enumerate(numbers) for value in place_and_segment]
    found = connection.cursor().execute(f"{parts} ORDER BY kind, term, place", places)
    starts = np.cumsum([0, *(len(rows) for rows in new_rows)])
    table = np.concatenate(new_rows)
    held: list[tuple[int, str, int, bytes]] = []
    while batch := list(islice(found, _TERMS_AT_ONCE)):
        held.extend(batch)
        # the last term may go on in the next batch
        last = held[-1][:2]
        ready = [each for each in held if each[:2] != last]
        held = held[len(ready) :]
        if ready:
            yield from _renumbered(ready, starts, table)
    if held:
        yield from _renumbered(held, starts, table)


def _renumbered(
    batch: Sequence[tuple[int, str, int, bytes]], starts: NDArray[np.int64], table: NDArray[np.int64]
) -> Iterator[tuple[int, str, bytes]]:
    terms = list(dict.fromkeys((kind, term) for kind, term, _, _ in batch))
    number_of = {term: number for number, term in enumerate(terms)}
    records = unpacked(b"".join(blob for *_, blob in batch), row_count=MAX_ROWS).copy()
    counts = np.array([counted(blob) for *_, blob in batch])
    term_of = np.repeat([number_of[kind, term] for kind, term, _, _ in batch], counts)
    segment_of = np.repeat([place for _, _, place, _ in batch], counts)
    rows = table[starts[segment_of] + records["row"]]
    alive = rows != _GONE
    records["row"] = np.where(alive, rows, 0)
    blob = memoryview(records[alive].tobytes())
    ends = np.cumsum(np.bincount(term_of[alive], minlength=len(terms))) * POSTING.itemsize
    start = 0
    for (kind, term), end in zip(terms, ends.tolist(), strict=True):
        if end > start:
            yield kind, term, bytes(blob[start:end])
        start = end


def _move_links(
    connection: sqlite3.Connection, target: int, numbers: Sequence[int], new_rows: Sequence[NDArray[np.int64]]
) -> None:
    for number, rows in zip(numbers, new_rows, strict=True):
        links = connection.cursor().execute(
            "SELECT section_row, identities, mentions FROM links WHERE segment = ?", (number,)
        )
        connection.executemany(
            "INSERT INTO links (segment, section_row, identities, mentions) VALUES (?, ?, ?, ?)",
            ((target, int(rows[row]), *keys) for row, *keys in links if rows[row] != _GONE),
        )
