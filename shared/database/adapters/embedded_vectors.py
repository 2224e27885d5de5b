"""Vectors in one SQLite file: the file's life, its transactions and its errors; `vector_file.py` has the tables.

A search compares the query with one bit per dimension of every section (in memory, read once and then followed), and
scores the best exactly from the file. What is held can be thrown away at any time and is filled from the truth.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.database.adapters.vector_codes import encode_query, exact
from shared.database.adapters.vector_demands import require_vectors, vector_asked_for
from shared.database.adapters.vector_file import (
    SCHEMA_VERSION,
    about,
    admitted,
    followed,
    forget,
    held_after,
    insert_all,
    newest,
    recreate,
    vectors_of,
)
from shared.database.adapters.vector_index import VectorIndex, nearest
from shared.database.base import StoreNotBuilt
from shared.database.derived_file import damage, discard_file, open_derived_file, refilled, transaction
from shared.database.embeddings.errors import EmbeddingModelChanged
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SCORED_EXACTLY = 500
_DIGITS = 5
_HELD_PAGE = 500


class EmbeddedVectorsFailed(Unavailable):
    """The file of the embedded vectors cannot be read or written."""

    code = "embedded_vectors_failed"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The embedded vector store {path.name} cannot serve: {reason}. It can be rebuilt from the registered "
            "documents at any time: `clara stores rebuild`.",
            path=str(path),
            reason=reason,
        )


class EmbeddedVectorStore:
    """The vector list where there is no vector server; safe to share between threads and processes.

    Args:
        path: The SQLite file; its folder is made when the store is built.
        model_key: Of the embedding model whose vectors these are.
        dimension: Numbers per vector.
        timeout_s: How long a search or a check waits for a locked file.
        write_timeout_s: How long a write does.
    """

    name = "embedded_vectors"
    lists = frozenset({RankedList.VECTOR})
    takes_vectors = True

    def __init__(
        self, path: Path, model_key: str, dimension: int, *, timeout_s: float = 1.5, write_timeout_s: float = 30.0
    ) -> None:
        self._path = path
        self._model_key = model_key
        self._dimension = dimension
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self._lock = threading.Lock()
        self._index: VectorIndex | None = None

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Take these states over in one durable transaction; see `SearchStore.apply_many`."""
        require_vectors(self.name, changes, self._dimension)
        with self._errors(), closing(self._open(self._write_timeout_s)) as connection, transaction(connection):
            self._require_built(connection)
            return insert_all(connection, changes, self._dimension)[1]

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Replace everything, in one transaction; a damaged file is thrown away first."""
        with self._errors():
            return refilled(self._path, lambda: self._refill(changes), discard=lambda: discard_file(self._path))

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """Nearest sections first; the best 500 are scored exactly, what follows by estimates that are never higher."""
        vector = vector_asked_for(self.name, wanted, question, model_key=self._model_key, dimension=self._dimension)
        if top_k < 1:
            return
        with self._errors(), closing(self._open(self._timeout_s)) as connection:
            index, described = self._current(connection)
            found = self._found(connection, index, described, vector, question.filters, top_k)
        yield from found

    def check(self) -> str:
        """Return "ok", or why the store cannot serve."""
        try:
            with self._errors(), closing(self._open(self._timeout_s)) as connection:
                self._require_built(connection)
                connection.execute("SELECT vector FROM vectors ORDER BY row DESC LIMIT 1").fetchone()
                connection.execute("SELECT codes FROM documents ORDER BY doc DESC LIMIT 1").fetchone()
        except Unavailable as exc:
            return exc.message
        return "ok"

    def held(self) -> Iterator[HeldDocument]:
        """Everything that is held, page by page; see `SearchStore.held`."""
        last = ""
        while True:
            with self._errors(), closing(self._open(self._timeout_s)) as connection:
                self._require_built(connection)
                page = held_after(connection, last, _HELD_PAGE)
            yield from page
            if len(page) < _HELD_PAGE:
                return
            last = page[-1].document_id

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with their tombstones; see `SearchStore.forget`."""
        with self._errors(), closing(self._open(self._write_timeout_s)) as connection, transaction(connection):
            self._require_built(connection)
            forget(connection, document_ids)

    def close(self) -> None:
        """Give the memory of the codes back; connections live no longer than a call."""
        with self._lock:
            self._index = None

    def _found(
        self,
        connection: sqlite3.Connection,
        index: VectorIndex,
        described: dict[str, Any],
        vector: "NDArray[np.float32]",
        filters: SearchFilters,
        top_k: int,
    ) -> Iterator[RankedSection]:
        """Hits in their order; all that needs the file is done when this returns."""
        import numpy as np

        stored = described["centre"]
        centre = np.frombuffer(stored, dtype="<f4") if stored else np.zeros(self._dimension, dtype=np.float32)
        passing = admitted(connection, filters, index.newest + 1)
        count = max(top_k, _SCORED_EXACTLY)
        places, estimates = nearest(index, encode_query(vector, centre), passing, filters.valid_on, count)
        head, tail = places[:_SCORED_EXACTLY], slice(_SCORED_EXACTLY, max(top_k, _SCORED_EXACTLY))
        scores = self._scores(connection, head["row"].tolist(), vector)
        # 0 for what is gone from the file
        found = _hits(index, head, [round(scores.get(row, 0.0), _DIGITS) for row in head["row"].tolist()])
        hits = sorted(found, key=lambda hit: (-hit.score, hit.section_id))
        lowest = hits[-1].score if hits else 1.0
        rest = np.minimum(estimates[tail].astype(np.float64).round(_DIGITS), lowest).tolist()
        return chain(hits[:top_k], _hits(index, places[tail], rest))

    def _scores(
        self, connection: sqlite3.Connection, rows: Sequence[int], vector: "NDArray[np.float32]"
    ) -> dict[int, float]:
        if not rows:
            return {}
        packed = vectors_of(connection, rows)
        return dict(zip(packed, exact(vector, list(packed.values())).tolist(), strict=True)) if packed else {}

    def _current(self, connection: sqlite3.Connection) -> tuple[VectorIndex, dict[str, Any]]:
        """The index as of the connection's snapshot, which is open when this returns."""
        while True:
            connection.execute("BEGIN")
            described = self._require_built(connection)
            with self._lock:
                index = self._index
                if index is None or index.epoch != described["epoch"]:
                    index = VectorIndex(described["epoch"], 0)
                if index.newest <= newest(connection):
                    self._index = followed(connection, index)
                    return self._index, described
            # another thread has seen a later state of the file
            connection.execute("ROLLBACK")

    def _open(self, timeout_s: float, *, create: bool = False) -> sqlite3.Connection:
        """A connection of its own: cheap, and a file that was replaced meanwhile is seen at once."""
        return open_derived_file(self._path, store=self.name, patience_s=timeout_s, create=create)

    def _require_built(self, connection: sqlite3.Connection) -> dict[str, Any]:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            raise StoreNotBuilt(self.name, "was built by another release or not to the end")
        described = about(connection)
        if described.get("model") != self._model_key:
            raise EmbeddingModelChanged(self.name, held=str(described.get("model")), asked=self._model_key)
        return described

    def _checked(self, changes: Iterable[DocumentChange]) -> Iterator[DocumentChange]:
        for change in changes:
            require_vectors(self.name, [change], self._dimension)
            yield change

    def _refill(self, changes: Iterable[DocumentChange]) -> int:
        with damage():
            connection = self._open(self._write_timeout_s, create=True)
        with closing(connection), transaction(connection):
            # the write lock is held from here on: what others acknowledged before is in the truth that is read below
            with damage():
                recreate(connection, model_key=self._model_key, dimension=self._dimension)
            offered, _ = insert_all(connection, self._checked(changes), self._dimension)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            return offered

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise EmbeddedVectorsFailed(self._path, str(exc)) from exc
        except OSError as exc:
            raise EmbeddedVectorsFailed(self._path, exc.strerror or str(exc)) from exc


def _hits(index: VectorIndex, places: "NDArray[np.void]", scores: Sequence[float]) -> Iterator[RankedSection]:
    """Sections at these places, without those that the list scores 0."""
    columns = zip(places["doc"].tolist(), places["ordinal"].tolist(), scores, strict=True)
    for doc, ordinal, score in columns:
        if score > 0:
            document_id, version = index.documents[doc]
            yield RankedSection(f"{document_id}:{version}:{ordinal}", document_id, version, score)
