"""CouchDB: whole documents, to look at and to replicate, and an index of what each section is cited as.

The adapter speaks HTTP and needs no driver. It uses what CouchDB 3 documents and pouchdb-server has too, so no `_up`,
no bookmarks and no `_changes` filters; pages go by ranges of ids. Erased text is out of every answer at once, and out
of the files with the next compaction, which CouchDB 3 does by itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.database.adapters.couch.courier import Deadline
from shared.database.adapters.couch.documents import CITATIONS, HEADS, MARKER, head_id, noted_parts, version_of
from shared.database.adapters.couch.foreign import ForeignCouchSource
from shared.database.adapters.couch.ranking import ranked
from shared.database.adapters.couch.schema import CouchSchema
from shared.database.adapters.couch.server import CouchServer
from shared.database.adapters.couch.writing import DocumentWriter, sections_there
from shared.database.base import StoreNotBuilt
from shared.database.citations import asked_keys
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.errors import InvalidInput, Unavailable
from shared.models.search import RankedList

__all__ = ["CouchStore", "ForeignCouchSource"]

_DATABASE_NAME = re.compile(r"[a-z][a-z0-9_$()+/-]*")


class CouchStore:
    """A search store on CouchDB 3; safe to share between threads and processes.

    Args:
        url: Of the server, such as `http://couchdb.example:5984`; a login in it is used unless another is given.
        user: Member of the database; an administrator of it for `rebuild`, of the server to make the database.
        password: Of the user.
        database: Belongs to this store; entries in it that are not ours are left alone.
        timeout_s: Bound of a search and of a check, and of finding out that the server is away.
        write_timeout_s: Bound of each request of a write.

    Raises:
        InvalidInput: If URL or database name cannot be right.
    """

    name = "couchdb"
    lists = frozenset({RankedList.CITATION})
    takes_vectors = False

    def __init__(
        self,
        url: str,
        user: str | None = None,
        password: str | None = None,
        *,
        database: str = "clara_documents",
        timeout_s: float = 1.5,
        write_timeout_s: float = 60.0,
    ) -> None:
        if not _DATABASE_NAME.fullmatch(database):
            raise InvalidInput(
                f"'{database}' cannot be the name of a CouchDB database: it has to start with a small letter and "
                "to consist of a-z, 0-9 and _$()+/-.",
                database=database,
            )
        self._server = CouchServer(url, user, password, database=database)
        self._schema = CouchSchema(self._server, self.name, timeout_s=timeout_s, write_timeout_s=write_timeout_s)
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Sections that the question cites; see `SearchSource.rank`. A question without citations asks nothing."""
        weights = asked_keys(question.text) if wanted in self.lists else {}
        if not weights or top_k < 1:
            return
        until = Deadline(self._timeout_s)
        rows = self._cited(list(weights), until)
        heads = self._heads({str(row["value"][0]) for row in rows}, until)
        yield from ranked(rows, heads, weights, question.filters)[:top_k]

    def check(self) -> str:
        """Return "ok", or why the store cannot serve."""
        until = Deadline(self._timeout_s)
        try:
            self._schema.require_built(until)
            # "stale" asks for the index as it is; building it may take longer than a check
            params = {"limit": 1, "stale": "ok"}
            with self._schema.not_built():
                self._server.ask("look at the index", "GET", CITATIONS, until=until, params=params)
        except Unavailable as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """Give connections back."""
        self._server.close()

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Hold these states durably; see `SearchStore.apply_many`."""
        mark = self._schema.require_built(Deadline(self._timeout_s))
        if not changes:
            return 0
        changed = self._bring(DocumentWriter(self._server, within_s=self._write_timeout_s), changes)
        if self._schema.require_built(Deadline(self._write_timeout_s)) != mark:
            # what was written may have been before the rebuild read it, or after: the outbox brings it once more
            raise StoreNotBuilt(self.name, "was rebuilt while documents were written")
        return changed

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Make database and index where they are missing, write what differs, delete the rest.

        The database itself is never dropped: who may read it and who replicates it hangs on it. The marker says "not
        built" meanwhile, and only the last of several rebuilds at once may set it.
        """
        mark = self._schema.begin()
        writer = DocumentWriter(self._server, within_s=self._write_timeout_s, is_forced=True)
        kept: list[str] = []
        self._bring(writer, _noting(changes, kept))
        writer.sweep({head_id(document_id) for document_id in kept})
        self._schema.index_whole()
        self._schema.complete(mark)
        return len(kept)

    def held(self) -> Iterator[HeldDocument]:
        """Everything that is held, in order of document ids; a part that is missing or was edited does not count."""
        mark = self._schema.require_built(Deadline(self._timeout_s))
        for rows in self._server.pages(HEADS, within_s=self._write_timeout_s, with_documents=True):
            heads = [dict(row.document or {}) for row in rows]
            parts = [part.id for head in heads for part in noted_parts(head)]
            there = self._server.rows(parts, until=Deadline(self._write_timeout_s))
            for row, head in zip(rows, heads, strict=True):
                yield HeldDocument(
                    document_id=row.id.removeprefix(HEADS),
                    version=version_of(head),
                    sha256=str(head.get("sha256", "")),
                    section_count=sections_there(head, there),
                    is_erased=bool(head.get("is_erased")),
                )
        if self._schema.require_built(Deadline(self._timeout_s)) != mark:
            raise StoreNotBuilt(self.name, "was rebuilt while it was read")

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with all memory of their versions; see `SearchStore.forget`."""
        self._schema.require_built(Deadline(self._timeout_s))
        DocumentWriter(self._server, within_s=self._write_timeout_s).forget(document_ids)

    def _cited(self, keys: list[str], until: Deadline) -> list[dict[str, Any]]:
        with self._schema.not_built():
            _, answer = self._server.ask("look up citations", "POST", CITATIONS, until=until, body={"keys": keys})
        return list(answer["rows"])

    def _heads(self, document_ids: set[str], until: Deadline) -> dict[str, Mapping[str, Any]]:
        """Heads by document id; the marker comes along in the same answer and is looked at."""
        ids = [MARKER, *(head_id(each) for each in sorted(document_ids))]
        with self._schema.not_built():
            rows = self._server.rows(ids, until=until, with_documents=True)
        marker = rows.pop(MARKER, None)
        self._schema.judge(marker.document if marker else None)
        return {row.id.removeprefix(HEADS): row.document for row in rows.values() if row.document}

    def _bring(self, writer: DocumentWriter, changes: Iterable[DocumentChange]) -> int:
        """Write, and have the index follow step by step."""
        total = 0
        for changed in writer.bring(changes):
            if changed:
                self._schema.index()
            total += changed
        return total


def _noting(changes: Iterable[DocumentChange], ids: list[str]) -> Iterator[DocumentChange]:
    for change in changes:
        ids.append(change.document_id)
        yield change
