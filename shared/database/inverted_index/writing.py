"""Documents in and out, inside the caller's transaction."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Sequence

from shared.database.inverted_index import segments
from shared.database.inverted_index.building import SegmentBuilder
from shared.database.inverted_index.merging import drop_traces, merge_where_due
from shared.database.search_store import DocumentChange


def apply(connection: sqlite3.Connection, changes: Iterable[DocumentChange]) -> int:
    """Hold the newest of each document, unless what is there is as new; returns how many documents changed."""
    newest: dict[str, DocumentChange] = {}
    for change in changes:
        known = newest.get(change.document_id)
        if known is None or known.version <= change.version:
            newest[change.document_id] = change
    due = [change for change in newest.values() if _is_due(connection, change)]
    if due:
        remove(connection, [change.document_id for change in due])
        _add(connection, due)
        drop_traces(connection, {change.document_id for change in due if change.is_erased})
        merge_where_due(connection)
    return len(due)


def fill(connection: sqlite3.Connection, changes: Iterable[DocumentChange]) -> int:
    """Put changes into an empty index, streamed; returns how many documents there were."""
    count = 0
    builder = SegmentBuilder(connection)
    for change in changes:
        if connection.execute("SELECT 1 FROM documents WHERE document_id = ?", (change.document_id,)).fetchone():
            builder.flush()
            if not _is_due(connection, change):
                continue
            remove(connection, [change.document_id])
            count -= 1
        _register(connection, change)
        if change.document is not None:
            builder.add(change.document, change.sections)
        count += 1
    builder.flush()
    merge_where_due(connection)
    return count


def remove(connection: sqlite3.Connection, document_ids: Sequence[str]) -> None:
    """Drop what is held of documents, and that it was held."""
    by_segment: dict[int, list[tuple[int, int]]] = {}
    for document_id in document_ids:
        for segment, first, count in connection.execute(
            "SELECT segment, first_row, row_count FROM parts WHERE document_id = ?", (document_id,)
        ):
            by_segment.setdefault(segment, []).append((first, count))
        connection.execute("DELETE FROM parts WHERE document_id = ?", (document_id,))
        connection.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))
    for segment, spans in by_segment.items():
        segments.bury(connection, segment, spans)


def _is_due(connection: sqlite3.Connection, change: DocumentChange) -> bool:
    row = connection.execute(
        "SELECT version, sha256, digest FROM documents WHERE document_id = ?", (change.document_id,)
    ).fetchone()
    if row is None or row[0] != change.version:
        return row is None or bool(row[0] < change.version)
    return (row[1], row[2]) != (change.sha256, _digest(change))


def _add(connection: sqlite3.Connection, changes: Sequence[DocumentChange]) -> None:
    builder = SegmentBuilder(connection)
    for change in changes:
        _register(connection, change)
        if change.document is not None:
            builder.add(change.document, change.sections)
    builder.flush()


def _register(connection: sqlite3.Connection, change: DocumentChange) -> None:
    connection.execute(
        "INSERT INTO documents (document_id, version, sha256, digest, is_erased) VALUES (?, ?, ?, ?, ?)",
        (change.document_id, change.version, change.sha256, _digest(change), change.is_erased),
    )


def _digest(change: DocumentChange) -> bytes:
    """Tells states of one version apart by everything that is indexed."""
    document = change.document
    if document is None:
        return b""
    fields = (document.source, document.media_type, document.abbreviation, document.title, document.metadata)
    whole = hashlib.blake2b(repr((fields, document.ingested_at)).encode("utf-8", "surrogatepass"), digest_size=16)
    for stored in change.sections:
        section = stored.section
        whole.update(
            json.dumps(
                [
                    section.ordinal,
                    section.number,
                    section.heading,
                    section.text,
                    f"{section.valid_from}",
                    f"{section.valid_to}",
                ]
            ).encode()
        )
    return whole.digest()
