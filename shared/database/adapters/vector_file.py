"""Tables of the embedded vectors: what is written of a document, and what a search reads back.

A document is one row with the codes of all its sections, and one row per section with the vector itself. Numbers of
documents and sections only grow, so a process that knows the highest one reads only what came later.
"""

import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from shared.database.adapters.vector_codes import encode, to_bytes
from shared.database.adapters.vector_index import FIRST_DAY, LAST_DAY, Block, VectorIndex, extended, place_type
from shared.database.search_store import DocumentChange, HeldDocument
from shared.models.search import SearchFilters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA_VERSION = 1
_BATCH_SECTIONS = 1000
_LEAST_FOR_CENTRE = 64
_LOAD = 500
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    is_erased INTEGER NOT NULL,
    source TEXT NOT NULL,
    media_type TEXT NOT NULL,
    abbreviation TEXT NOT NULL,
    ingested_at REAL NOT NULL,
    first_row INTEGER NOT NULL,
    section_count INTEGER NOT NULL,
    places BLOB NOT NULL,
    codes BLOB NOT NULL
);
CREATE TABLE vectors (row INTEGER PRIMARY KEY AUTOINCREMENT, vector BLOB NOT NULL)
"""
_DROP = "DROP TABLE IF EXISTS about; DROP TABLE IF EXISTS documents; DROP TABLE IF EXISTS vectors"
_KNOWN = "SELECT version, sha256, is_erased, section_count, first_row FROM documents WHERE document_id = ?"
_HELD = """
SELECT document_id, version, sha256, is_erased,
    (SELECT count(*) FROM vectors WHERE row >= first_row AND row < first_row + section_count)
FROM documents WHERE document_id > ? ORDER BY document_id LIMIT ?
"""
_ADMITTED = """
SELECT doc FROM documents WHERE (:source IS NULL OR source IN (SELECT value FROM json_each(:source)))
AND (:media_type IS NULL OR media_type IN (SELECT value FROM json_each(:media_type)))
AND (:abbreviation IS NULL OR abbreviation IN (SELECT value FROM json_each(:abbreviation)))
AND (:document_id IS NULL OR document_id IN (SELECT value FROM json_each(:document_id)))
AND (:since IS NULL OR ingested_at >= :since) AND (:until IS NULL OR ingested_at < :until)
"""
_VECTORS = "SELECT v.row, v.vector FROM json_each(?) j CROSS JOIN vectors v ON v.row = j.value"


def recreate(connection: sqlite3.Connection, *, model_key: str, dimension: int) -> None:
    """Drop what there is and make the tables anew, inside the caller's transaction."""
    # not executescript(), which commits first
    for statement in (*_DROP.split(";"), *_SCHEMA.split(";")):
        connection.execute(statement)
    about = {"model": model_key, "dimension": dimension, "epoch": uuid.uuid4().hex, "centre": b""}
    connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())


def about(connection: sqlite3.Connection) -> dict[str, Any]:
    """Model, dimension, epoch, centre."""
    return dict(connection.execute("SELECT key, value FROM about").fetchall())


def new_epoch(connection: sqlite3.Connection) -> None:
    """Tell everybody that what they know of this file is no longer so."""
    connection.execute("UPDATE about SET value = ? WHERE key = 'epoch'", (uuid.uuid4().hex,))


def insert_all(connection: sqlite3.Connection, changes: Iterable[DocumentChange], dimension: int) -> tuple[int, int]:
    """Take changes over, some at a time; returns how many there were and how many changed something."""
    offered, changed = 0, 0
    for batch in _batches(changes):
        centre = _centre(connection, batch, dimension)
        offered += len(batch)
        changed += sum(_insert(connection, change, centre) for change in batch)
    return offered, changed


def forget(connection: sqlite3.Connection, document_ids: Sequence[str]) -> None:
    """Remove documents with their vectors and versions."""
    for document_id in document_ids:
        _remove(connection, document_id)
    new_epoch(connection)


def held_after(connection: sqlite3.Connection, document_id: str, count: int) -> list[HeldDocument]:
    """The next documents in order of their ids; sections are counted where they are looked for."""
    rows = connection.execute(_HELD, (document_id, count)).fetchall()
    return [HeldDocument(name, version, sha256, found, bool(erased)) for name, version, sha256, erased, found in rows]


def newest(connection: sqlite3.Connection) -> int:
    """Highest number of a document."""
    (number,) = connection.execute("SELECT coalesce(max(doc), 0) FROM documents").fetchone()
    return int(number)


def followed(connection: sqlite3.Connection, index: VectorIndex) -> VectorIndex:
    """The index with what came to the file after it."""
    cursor = connection.execute(
        "SELECT doc, document_id, version, section_count, places, codes FROM documents WHERE doc > ? ORDER BY doc",
        (index.newest,),
    )
    documents: dict[int, tuple[str, int]] = {}
    blocks: list[Block] = []
    while rows := cursor.fetchmany(_LOAD):
        documents |= {doc: (document_id, version) for doc, document_id, version, *_ in rows}
        if any(row[3] for row in rows):
            blocks.append(_block([(row[0], *row[3:]) for row in rows]))
    return extended(index, max(documents, default=index.newest), documents, blocks) if documents else index


def admitted(connection: sqlite3.Connection, filters: SearchFilters, size: int) -> "NDArray[np.bool_] | None":
    """Which documents pass, by number; None if there is no condition on documents."""
    import numpy as np

    chosen = {
        name: json.dumps(getattr(filters, name)) if getattr(filters, name) else None
        for name in ("source", "media_type", "abbreviation", "document_id")
    }
    since = filters.ingested_from.timestamp() if filters.ingested_from else None
    until = filters.ingested_until.timestamp() if filters.ingested_until else None
    if not any(chosen.values()) and since is None and until is None:
        return None
    passing = np.zeros(size, dtype=np.bool_)
    rows = connection.execute(_ADMITTED, {**chosen, "since": since, "until": until}).fetchall()
    passing[[doc for (doc,) in rows if doc < size]] = True
    return passing


def vectors_of(connection: sqlite3.Connection, rows: Sequence[int]) -> dict[int, bytes]:
    """The vectors in these rows."""
    return dict(connection.execute(_VECTORS, (json.dumps(sorted(rows)),)).fetchall())


def _batches(changes: Iterable[DocumentChange]) -> Iterator[list[DocumentChange]]:
    batch: list[DocumentChange] = []
    sections = 0
    for change in changes:
        batch.append(change)
        sections += len(change.sections)
        if sections >= _BATCH_SECTIONS:
            yield batch
            batch, sections = [], 0
    if batch:
        yield batch


def _centre(connection: sqlite3.Connection, batch: Sequence[DocumentChange], dimension: int) -> "NDArray[np.float32]":
    """What is taken off every vector before its signs are kept: the mean of those that came first, for good."""
    import numpy as np

    (stored,) = connection.execute("SELECT value FROM about WHERE key = 'centre'").fetchone()
    if stored:
        return np.frombuffer(stored, dtype="<f4")
    zero = np.zeros(dimension, dtype=np.float32)
    if connection.execute("SELECT 1 FROM vectors LIMIT 1").fetchone():
        return zero
    vectors = [change.vectors for change in batch if change.vectors is not None]
    if sum(map(len, vectors)) < _LEAST_FOR_CENTRE:
        return zero
    centre: NDArray[np.float32] = np.concatenate(vectors).mean(axis=0, dtype=np.float64).astype("<f4")
    connection.execute("UPDATE about SET value = ? WHERE key = 'centre'", (centre.tobytes(),))
    # an index that was read without a centre would be compared wrongly
    new_epoch(connection)
    return centre


def _insert(connection: sqlite3.Connection, change: DocumentChange, centre: "NDArray[np.float32]") -> bool:
    """Take one change over, unless it is known or older; whether anything changed."""
    known = connection.execute(_KNOWN, (change.document_id,)).fetchone()
    if known and _is_settled(known, change):
        return False
    _remove(connection, change.document_id)
    _write(connection, change, centre)
    return True


def _is_settled(known: tuple[int, str, int, int, int], change: DocumentChange) -> bool:
    version, sha256, is_erased, section_count, _ = known
    if version != change.version:
        return version > change.version
    if is_erased or change.is_erased:
        return bool(is_erased)
    return (sha256, section_count) == (change.sha256, len(change.sections))


def _remove(connection: sqlite3.Connection, document_id: str) -> None:
    known = connection.execute(_KNOWN, (document_id,)).fetchone()
    if known is None:
        return
    *_, count, first = known
    connection.execute("DELETE FROM vectors WHERE row >= ? AND row < ?", (first, first + count))
    connection.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))


def _write(connection: sqlite3.Connection, change: DocumentChange, centre: "NDArray[np.float32]") -> None:
    import numpy as np

    document, sections = change.document, change.sections
    vectors = np.asarray(change.vectors, dtype=np.float32) if len(sections) else np.empty((0, len(centre)), np.float32)
    (first,) = connection.execute(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'vectors'), 0) + 1"
    ).fetchone()
    codes = encode(vectors, centre)
    places = np.zeros(len(sections), dtype=place_type())
    places["row"] = np.arange(first, first + len(sections))
    places["ordinal"] = [stored.section.ordinal for stored in sections]
    places["first"] = [_day(stored.section.valid_from, FIRST_DAY) for stored in sections]
    places["last"] = [_day(stored.section.valid_to, LAST_DAY) for stored in sections]
    places["factor"] = codes.factors
    told = (document.source, document.media_type, document.abbreviation) if document else ("", "", "")
    moment = document.ingested_at.timestamp() if document else 0.0
    connection.execute(
        "INSERT INTO documents (document_id, version, sha256, is_erased, source, media_type, abbreviation, "
        "ingested_at, first_row, section_count, places, codes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.document_id,
            change.version,
            change.sha256,
            int(change.is_erased),
            *told,
            moment,
            first,
            len(sections),
            places.tobytes(),
            codes.bits.astype("<u8").tobytes(),
        ),
    )
    rows = zip(range(first, first + len(sections)), to_bytes(vectors), strict=True)
    while part := list(islice(rows, _BATCH_SECTIONS)):
        connection.executemany("INSERT INTO vectors VALUES (?, ?)", part)


def _day(day: Any, otherwise: int) -> int:
    return otherwise if day is None else int(day.toordinal())


def _block(rows: Sequence[tuple[int, int, bytes, bytes]]) -> Block:
    """Documents beside each other, as (number, section count, places, codes); at least one section."""
    import numpy as np

    places = np.frombuffer(b"".join(places for *_, places, _ in rows), dtype=place_type()).copy()
    # a document's number is given by the file, after its places were written
    places["doc"] = np.repeat([doc for doc, *_ in rows], [count for _, count, *_ in rows])
    codes = np.frombuffer(b"".join(codes for *_, codes in rows), dtype="<u8")
    bits = np.ascontiguousarray(codes.reshape(len(places), -1).T, dtype=np.uint64)
    return Block(bits, places, np.ones(len(places), dtype=np.bool_))
