"""Documents, their versions and sections on SQL, with the outbox of the derived stores."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from sqlalchemy import Connection, Engine, Integer, Select, Text, column, delete, func, select, values

from shared.database.audit.entries import registered
from shared.database.base import DocumentErased, DocumentInput, DocumentNotFound, OutboxEntry, Page
from shared.database.document_changes import section_key
from shared.database.engine import read_transaction, write_transaction
from shared.database.search_store import DocumentChange, HeldDocument
from shared.database.sql.audit_writes import write_audit
from shared.database.sql.document_erasure import SqlDocumentErasure
from shared.database.sql.document_reads import batches, newest_versions, section_rows
from shared.database.sql.document_states import erased_paths, held_after, ids_ever_after, states_of
from shared.database.sql.document_writes import put_all, serialise_ingest
from shared.database.sql.rows import document_from, section_from
from shared.database.tables import documents, outbox, sections
from shared.models.document import Document, ParsedDocument, StoredSection

# Bound by SQLite's limits on variables and by what is reasonable to hold in memory.
_IDS_PER_QUERY = 500
_DOCUMENTS_PER_READ = 16


class SqlDocumentStore(SqlDocumentErasure):
    """`DocumentStore` on SQLite or PostgreSQL.

    Args:
        engine: From `open_engine`, with the schema in place.
        derived_stores: Names of the search stores that are fed from the outbox.
    """

    def __init__(self, engine: Engine, derived_stores: Sequence[str] = ("embedded",)) -> None:
        self._engine = engine
        self._derived_stores = tuple(derived_stores)

    def put(
        self, parsed: ParsedDocument, *, source: str, path: str, sha256: str, size_bytes: int, ingested_by: str
    ) -> tuple[Document, bool]:
        """See `DocumentStore.put`."""
        return self.put_many([DocumentInput(parsed, source, path, sha256, size_bytes, ingested_by)])[0]

    def put_many(self, items: Sequence[DocumentInput]) -> Sequence[tuple[Document, bool]]:
        """See `DocumentStore.put_many`."""
        if not items:
            return []
        with write_transaction(self._engine) as connection:
            serialise_ingest(connection)
            known: dict[tuple[str, str], Document] = {}
            for source in {item.source for item in items}:
                paths = [item.path for item in items if item.source == source]
                for path in erased_paths(connection, source, paths):
                    raise DocumentErased(source, path)
                known.update(_registered(connection, source, paths))
            results = put_all(connection, items, known, self._derived_stores)
            for entry in registered(document for document, is_new in results if is_new):
                write_audit(connection, entry)
        return results

    def erased(self, source: str, paths: Sequence[str]) -> Set[str]:
        """See `DocumentStore.erased`."""
        with read_transaction(self._engine) as connection:
            return erased_paths(connection, source, paths)

    def known(self, source: str, paths: Sequence[str]) -> Mapping[str, str]:
        """See `DocumentStore.known`."""
        with read_transaction(self._engine) as connection:
            found = _registered(connection, source, paths)
        return {path: document.sha256 for (_, path), document in found.items()}

    def get(self, document_id: str) -> Document:
        """See `DocumentStore.get`."""
        found = self.newest([document_id])
        if not found:
            raise DocumentNotFound(document_id)
        return found[document_id]

    def newest(self, document_ids: Sequence[str]) -> Mapping[str, Document]:
        """See `DocumentStore.newest`."""
        found: dict[str, Document] = {}
        with read_transaction(self._engine) as connection:
            for batch in batches(document_ids, _IDS_PER_QUERY):
                query = newest_versions().where(documents.c.document_id.in_(batch))
                for row in connection.execute(query).mappings():
                    found[row["document_id"]] = document_from(row)
        return found

    def page(self, *, source: str | None = None, limit: int = 50, after: str | None = None) -> Page[Document]:
        """See `DocumentStore.page`."""
        query, number = newest_versions(), select(func.count()).select_from(documents)
        if source is not None:
            query, number = query.where(documents.c.source == source), number.where(documents.c.source == source)
        if after is not None:
            query = query.where(documents.c.document_id > after)
        with read_transaction(self._engine) as connection:
            total = connection.scalar(number) or 0
            rows = connection.execute(query.order_by(documents.c.document_id).limit(limit + 1)).mappings().all()
        items = [document_from(row) for row in rows[:limit]]
        return Page(items, next_after=items[-1].document_id if len(rows) > limit and items else None, total=total)

    def sections(self, document_id: str, *, version: int | None = None) -> Sequence[StoredSection]:
        """See `DocumentStore.sections`."""
        wanted = documents.c.version if version is None else version
        query = (
            section_rows()
            .where(sections.c.document_id == document_id, sections.c.version == wanted)
            .order_by(sections.c.ordinal)
        )
        with read_transaction(self._engine) as connection:
            found = [section_from(row) for row in connection.execute(query).mappings()]
        if not found:
            raise DocumentNotFound(document_id if version is None else f"{document_id}:{version}")
        return found

    def sections_by_id(self, section_ids: Sequence[str]) -> Mapping[str, StoredSection]:
        """See `DocumentStore.sections_by_id`."""
        keys = [key for key in map(section_key, section_ids) if key is not None]
        found: dict[str, StoredSection] = {}
        with read_transaction(self._engine) as connection:
            for batch in batches(keys, _IDS_PER_QUERY):
                for row in connection.execute(_sections_of(batch)).mappings():
                    section = section_from(row)
                    found[section.section_id] = section
        return found

    def iter_sections(self, *, source: str | None = None) -> Iterator[StoredSection]:
        """See `DocumentStore.iter_sections`.

        Reads a few documents per transaction instead of keeping one open as long as the caller takes: an open snapshot
        would keep SQLite's log from shrinking, and PostgreSQL ends idle transactions.
        """
        after = ""
        while True:
            with read_transaction(self._engine) as connection:
                batch = _ids_after(connection, source, after)
                if not batch:
                    return
                query = (
                    section_rows()
                    .where(documents.c.document_id.in_(batch), sections.c.version == documents.c.version)
                    .order_by(documents.c.document_id, sections.c.ordinal)
                )
                found = [section_from(row) for row in connection.execute(query).mappings()]
            yield from found
            after = batch[-1]

    def states(self, document_ids: Sequence[str]) -> Sequence[DocumentChange]:
        """See `DocumentStore.states`."""
        found: dict[str, DocumentChange] = {}
        with read_transaction(self._engine) as connection:
            for batch in batches(document_ids, _IDS_PER_QUERY):
                for state in states_of(connection, batch):
                    found[state.document_id] = state
        return [found[document_id] for document_id in dict.fromkeys(document_ids) if document_id in found]

    def iter_states(self) -> Iterator[DocumentChange]:
        """See `DocumentStore.iter_states`; reads in short transactions, as `iter_sections` does."""
        after = ""
        while True:
            with read_transaction(self._engine) as connection:
                ids = ids_ever_after(connection, after, _DOCUMENTS_PER_READ)
                found = states_of(connection, ids)
            if not ids:
                return
            yield from found
            after = ids[-1]

    def iter_held(self, *, at_once: int = 2_000) -> Iterator[HeldDocument]:
        """See `DocumentStore.iter_held`; reads in short transactions, as `iter_sections` does."""
        after = ""
        while True:
            with read_transaction(self._engine) as connection:
                found = held_after(connection, after, at_once)
            if not found:
                return
            yield from found
            after = found[-1].document_id

    def count(self) -> int:
        """See `DocumentStore.count`."""
        with read_transaction(self._engine) as connection:
            return connection.scalar(select(func.count()).select_from(documents)) or 0

    def outbox(self, store: str, *, limit: int = 200) -> Sequence[OutboxEntry]:
        """See `DocumentStore.outbox`."""
        query = (
            select(outbox.c.entry_id, outbox.c.document_id, outbox.c.version)
            .where(outbox.c.store == store)
            .order_by(outbox.c.entry_id)
            .limit(limit)
        )
        with read_transaction(self._engine) as connection:
            return [OutboxEntry(*row) for row in connection.execute(query)]

    def outbox_size(self, store: str) -> int:
        """See `DocumentStore.outbox_size`."""
        query = select(func.count()).select_from(outbox).where(outbox.c.store == store)
        with read_transaction(self._engine) as connection:
            return connection.scalar(query) or 0

    def acknowledge(self, store: str, entry_ids: Sequence[int]) -> None:
        """See `DocumentStore.acknowledge`."""
        with write_transaction(self._engine) as connection:
            for batch in batches(entry_ids, _IDS_PER_QUERY):
                connection.execute(delete(outbox).where(outbox.c.store == store, outbox.c.entry_id.in_(batch)))


def _sections_of(keys: list[tuple[str, int, int]]) -> Select[Any]:
    # joined to a list of keys and not "(a, b, c) IN …", for which SQLite reads all sections of each document
    names = column("document_id", Text), column("version", Integer), column("ordinal", Integer)
    wanted = values(*names, name="wanted").data(keys).cte("wanted")
    return section_rows().join(
        wanted,
        (wanted.c.document_id == sections.c.document_id)
        & (wanted.c.version == sections.c.version)
        & (wanted.c.ordinal == sections.c.ordinal),
    )


def _ids_after(connection: Connection, source: str | None, after: str) -> list[str]:
    query = (
        select(documents.c.document_id)
        .where(documents.c.document_id > after)
        .order_by(documents.c.document_id)
        .limit(_DOCUMENTS_PER_READ)
    )
    if source is not None:
        query = query.where(documents.c.source == source)
    return list(connection.scalars(query))


def _registered(connection: Connection, source: str, paths: Sequence[str]) -> dict[tuple[str, str], Document]:
    found = {}
    for batch in batches(paths, _IDS_PER_QUERY):
        query = newest_versions().where(documents.c.source == source, documents.c.path.in_(batch))
        for row in connection.execute(query).mappings():
            document = document_from(row)
            found[source, document.path] = document
    return found
