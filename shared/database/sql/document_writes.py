"""Write a batch of documents inside the caller's transaction, a handful of statements whatever its size."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, text, update

from shared.database.base import DocumentInput, DocumentNotFound
from shared.database.document_changes import next_version
from shared.database.sql.rows import section_columns, version_columns
from shared.database.sql_time import db_now
from shared.database.tables import document_versions, documents, erased_documents, outbox, sections
from shared.models.document import Document
from shared.utils.ids import new_id

Known = dict[tuple[str, str], Document]

# Any constant that nothing else locks.
_INGEST_LOCK = 0x494E47455354


def serialise_ingest(connection: Connection) -> None:
    """Let one ingest write at a time, as SQLite does by nature: two could register one path at once otherwise."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _INGEST_LOCK})


def put_all(
    connection: Connection, items: Sequence[DocumentInput], known: Known, derived_stores: Sequence[str]
) -> list[tuple[Document, bool]]:
    """Register `items` over the `known` newest versions; each result says whether its item made a new version."""
    now = connection.execute(select(db_now())).scalar_one()
    newest, results = dict(known), []
    written: list[tuple[Document, DocumentInput]] = []
    for item in items:
        key = item.source, item.path
        before = newest.get(key)
        document = next_version(item, before, new_id=new_id("doc"), now=now)
        if document is not None:
            newest[key] = document
            written.append((document, item))
        results.append((newest[key], document is not None))
    if written:
        _write(connection, written, known, derived_stores)
    return results


def erase(connection: Connection, document_id: str, derived_stores: Sequence[str]) -> None:
    """Remove a document in all its versions and tell the derived stores.

    Raises:
        DocumentNotFound: If there is none.
    """
    row = connection.execute(select(documents).where(documents.c.document_id == document_id)).mappings().first()
    if row is None:
        raise DocumentNotFound(document_id)
    erased = {**row, "version": row["version"] + 1}
    connection.execute(insert(erased_documents).values(**erased, erased_at=db_now()))
    for table in (sections, document_versions, documents):
        connection.execute(delete(table).where(table.c.document_id == document_id))
    _enqueue(connection, [(document_id, erased["version"])], derived_stores)


def _write(
    connection: Connection, written: list[tuple[Document, DocumentInput]], known: Known, derived_stores: Sequence[str]
) -> None:
    heads = {(document.source, document.path): document for document, _ in written}
    added = [_head(document) for key, document in heads.items() if key not in known]
    moved = [_moved(document) for key, document in heads.items() if key in known]
    if added:
        connection.execute(insert(documents), added)
    if moved:
        statement = update(documents).where(documents.c.document_id == bindparam("moved_id"))
        connection.execute(statement.values(version=bindparam("moved_to")), moved)
    connection.execute(insert(document_versions), [version_columns(document) for document, _ in written])
    rows = [section_columns(document, section) for document, item in written for section in item.parsed.sections]
    if rows:
        connection.execute(insert(sections), rows)
    _enqueue(connection, [(document.document_id, document.version) for document, _ in written], derived_stores)


def _enqueue(connection: Connection, versions: Sequence[tuple[str, int]], derived_stores: Sequence[str]) -> None:
    entries = [
        {"store": store, "document_id": document_id, "version": version}
        for document_id, version in versions
        for store in derived_stores
    ]
    if entries:
        connection.execute(insert(outbox), entries)


def _head(document: Document) -> dict[str, Any]:
    return {
        "document_id": document.document_id,
        "source": document.source,
        "path": document.path,
        "version": document.version,
    }


def _moved(document: Document) -> dict[str, Any]:
    return {"moved_id": document.document_id, "moved_to": document.version}
