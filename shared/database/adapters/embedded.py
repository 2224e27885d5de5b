"""Full-text search in one SQLite file: the file's life, its transactions and its errors; the index is `fts_index.py`.

What is held can be thrown away at any time: a missing or outdated file says so (`StoreNotBuilt`), a damaged one is
replaced by `rebuild`, and both are filled from the truth.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.database.adapters.fts_index import (
    MATCHING,
    PROBES,
    SCHEMA_VERSION,
    WHOLE,
    Batch,
    insert,
    match_expression,
    recreate,
)
from shared.database.base import StoreNotBuilt
from shared.database.write_ahead_log import use_write_ahead_log
from shared.errors import Unavailable
from shared.models.document import SectionHit, StoredSection
from shared.models.search import SearchLeg

EVERYTHING = "*"
_BUSY_TIMEOUT_MS = 30_000
_FETCH = 500


class EmbeddedStoreFailed(Unavailable):
    """The file of the embedded search store cannot be read or written."""

    code = "embedded_store_failed"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The embedded search store {path.name} cannot serve: {reason}. It can be rebuilt from the registered "
            "documents at any time.",
            path=str(path),
            reason=reason,
        )


class EmbeddedSearchStore:
    """The keyword leg where there is no search server; safe to share between threads and processes.

    Args:
        path: The SQLite file; its folder is made when the store is built.
    """

    name = "embedded"
    leg = SearchLeg.KEYWORD

    def __init__(self, path: Path) -> None:
        self._path = path

    def apply(self, document_id: str, version: int, sections: Sequence[StoredSection]) -> None:
        """Replace what is held of one document; see `SearchStore.apply`."""
        self.apply_many([(document_id, version, sections)])

    def apply_many(self, batch: Sequence[tuple[str, int, Sequence[StoredSection]]]) -> None:
        """Replace what is held of these documents in one durable transaction; see `SearchStore.apply_many`."""
        with self._errors(), closing(self._open()) as connection, _transaction(connection):
            self._require_built(connection)
            insert(connection, batch)

    def rebuild(self, batches: Batch) -> int:
        """Replace everything, in one transaction; a damaged file is thrown away first."""
        with self._errors():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                return self._refill(batches)
            except _DamagedFile:
                self._discard_file()
                return self._refill(batches)

    def search(self, query_text: str, *, top_k: int, sources: Sequence[str] = ()) -> Iterator[SectionHit]:
        """Sections that hold any word of the query, best first; see `SearchStore.search`."""
        statement, query = MATCHING, match_expression(query_text)
        if query_text.strip() == EVERYTHING:
            statement, query = WHOLE, EVERYTHING
        elif not query:
            return
        values = {"query": query, "sources": json.dumps(list(sources)) if sources else None, "top_k": top_k}
        with self._errors(), closing(self._open()) as connection:
            self._require_built(connection)
            rank = 0
            cursor = connection.execute(statement, values)
            while rows := cursor.fetchmany(_FETCH):
                for section_id, document_id, version, score in rows:
                    rank += 1
                    yield SectionHit(section_id, document_id, version, score, rank, {self.leg: rank})

    def check(self) -> str:
        """Return "ok", or why the store cannot serve."""
        try:
            with self._errors(), closing(self._open()) as connection:
                self._require_built(connection)
                for probe in PROBES:
                    connection.execute(probe).fetchone()
        except Unavailable as exc:
            return exc.message
        return "ok"

    def _open(self, *, create: bool = False) -> sqlite3.Connection:
        """A connection of its own: cheap, and a file that was replaced meanwhile is seen at once."""
        if not create and not self._path.exists():
            raise StoreNotBuilt(self.name, "has not been built yet")
        mode = "rwc" if create else "rw"
        # a result may be streamed by another thread than the one that asked
        connection = sqlite3.connect(
            f"file:{quote(self._path.as_posix())}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
            use_write_ahead_log(connection, patience_s=_BUSY_TIMEOUT_MS / 1000)
            connection.execute("PRAGMA synchronous=FULL")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _require_built(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            raise StoreNotBuilt(self.name, "was built by another release or not to the end")

    def _refill(self, batches: Batch) -> int:
        with _damage():
            connection = self._open(create=True)
        with closing(connection), _transaction(connection):
            # the write lock is held from here on: what others acknowledged before is in the truth that is read below
            with _damage():
                recreate(connection)
            count = insert(connection, batches)
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            return count

    def _discard_file(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise EmbeddedStoreFailed(self._path, str(exc)) from exc
        except OSError as exc:
            raise EmbeddedStoreFailed(self._path, exc.strerror or str(exc)) from exc


class _DamagedFile(Exception):
    """The file is no database of ours, or a broken one."""


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as exc:
        # busy, full and read-only are operational and pass; all else means that the file itself is wrong
        if isinstance(exc, sqlite3.OperationalError) and exc.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise _DamagedFile from exc


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
