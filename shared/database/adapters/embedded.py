"""The search store that needs no server, in one SQLite file: its life, its transactions and its errors.

The index is the room `shared.database.inverted_index`. What is held can be thrown away at any time: a missing or
outdated file says so (`StoreNotBuilt`), a damaged one is replaced by `rebuild`, and both are filled from the truth.
"""

import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from shared.database.base import StoreNotBuilt
from shared.database.derived_file import damage, discard_file, open_derived_file, refilled, transaction
from shared.database.inverted_index.connections import IdleConnections
from shared.database.inverted_index.holding import held
from shared.database.inverted_index.schema import PROBES, is_built, mark_built, recreate
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.database.write_ahead_log import empty_log
from shared.errors import Unavailable
from shared.models.search import RankedList
from shared.utils.heavy_imports import load

if TYPE_CHECKING:
    from shared.database.inverted_index.snapshot import SegmentCache

_CACHE_KIB = 8 << 10  # per connection
_INSTRUCTIONS = 10_000  # of SQLite's machine, between two looks at the clock: a fraction of a millisecond


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
    """All lists but that of vectors where there is no search server; threads and processes may share the file.

    Args:
        path: The SQLite file; its folder is made when the store is built.
        timeout_s: Of a search or a check, waiting for others included.
        write_timeout_s: How long a write waits for others that write.
    """

    name = "embedded"
    lists = frozenset((RankedList.CITATION, RankedList.KEYWORD, RankedList.COMPOUND, RankedList.GRAPH))
    takes_vectors = False

    def __init__(self, path: Path, *, timeout_s: float = 1.5, write_timeout_s: float = 30.0) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._write_timeout_s = write_timeout_s
        self._cache: SegmentCache | None = None
        self._idle = IdleConnections(path)

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        """A ranked list of the state at the moment of the call; see `SearchSource.rank`."""
        end = time.monotonic() + self._timeout_s
        with self._reading(end=end) as connection:
            if connection.execute("SELECT 1 FROM segments LIMIT 1").fetchone() is None:
                return iter(())
            _load_index()
            from shared.database.inverted_index.searching import rank
            from shared.database.inverted_index.snapshot import SegmentCache

            self._cache = self._cache or SegmentCache()
            return rank(connection, self._cache, wanted, question, top_k=top_k, end=end)

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        """Hold these states, all in one durable transaction; see `SearchStore.apply_many`."""
        with self._writing() as connection:
            if not changes:
                return 0
            _load_index()
            from shared.database.inverted_index.writing import apply

            changed = apply(connection, changes)
        if any(change.is_erased for change in changes):
            with self._errors(), closing(self._open(patience_s=self._write_timeout_s)) as connection:
                empty_log(connection)
        return changed

    def rebuild(self, changes: Iterable[DocumentChange]) -> int:
        """Replace everything in one transaction, streamed; a damaged file is thrown away first.

        Searches see the old state until the new one is whole. `changes` is first read when nobody else can write any
        more, so a truth that is read there misses nothing that was acknowledged before.
        """
        with self._errors():
            return refilled(self._path, lambda: self._refill(changes), discard=self._discard_file)

    def held(self) -> Iterator[HeldDocument]:
        """What is held at the moment of the call; see `SearchStore.held`."""
        with self._reading(end=None) as connection:
            return iter(list(held(connection)))

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with all memory of them, in one transaction."""
        with self._writing() as connection:
            if document_ids:
                _load_index()
                from shared.database.inverted_index.writing import remove

                remove(connection, document_ids)

    def check(self) -> str:
        """Return "ok", or why the store cannot serve."""
        try:
            with self._reading(end=time.monotonic() + self._timeout_s) as connection:
                for probe in PROBES:
                    connection.execute(probe).fetchone()
        except Unavailable as exc:
            return exc.message
        return "ok"

    def close(self) -> None:
        """Give back connections and the memory of past searches."""
        self._idle.close()
        if self._cache is not None:
            self._cache.clear()

    @contextmanager
    def _reading(self, *, end: float | None) -> Iterator[sqlite3.Connection]:
        """A connection in a read transaction; statements are broken off at `end`, by `time.monotonic`."""
        with self._errors():
            opened = self._idle.file()
            connection = self._idle.take() or self._open(patience_s=self._timeout_s)
            try:
                if end is not None:
                    connection.set_progress_handler(lambda: time.monotonic() > end, _INSTRUCTIONS)
                connection.execute("BEGIN")
                self._require_built(connection)
                yield connection
                connection.set_progress_handler(None, 0)
                connection.execute("COMMIT")
            except BaseException:
                connection.close()
                raise
            self._idle.give_back(connection, opened)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection in the one write transaction that there can be."""
        with self._errors(), closing(self._open(patience_s=self._write_timeout_s)) as connection:
            self._require_built(connection)
            with transaction(connection):
                self._require_built(connection)
                yield connection

    def _open(self, *, patience_s: float, create: bool = False) -> sqlite3.Connection:
        """A new connection; to a file that is missing none."""
        # the second is heeded by a new file only
        pragmas = [f"PRAGMA cache_size=-{_CACHE_KIB}", *(["PRAGMA auto_vacuum=INCREMENTAL"] if create else [])]
        return open_derived_file(self._path, store=self.name, patience_s=patience_s, create=create, pragmas=pragmas)

    def _require_built(self, connection: sqlite3.Connection) -> None:
        if not is_built(connection):
            raise StoreNotBuilt(self.name, "was built by another release or not to the end")

    def _refill(self, changes: Iterable[DocumentChange]) -> int:
        with damage():
            connection = self._open(patience_s=self._write_timeout_s, create=True)
        with closing(connection):
            with transaction(connection):
                with damage():
                    recreate(connection, uuid.uuid4().hex)
                count = _filled(connection, iter(changes))
                mark_built(connection)
            _shrink(connection)
        return count

    def _discard_file(self) -> None:
        self._idle.close()
        discard_file(self._path)

    @property
    def _lateness(self) -> str:
        return f"it did not answer within {self._timeout_s:g} s"

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            is_late = getattr(exc, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
            raise EmbeddedStoreFailed(self._path, self._lateness if is_late else str(exc)) from exc
        except TimeoutError as exc:
            raise EmbeddedStoreFailed(self._path, self._lateness) from exc
        except OSError as exc:
            raise EmbeddedStoreFailed(self._path, exc.strerror or str(exc)) from exc


def _load_index() -> None:
    load("shared.database.inverted_index.searching", "shared.database.inverted_index.writing")


def _filled(connection: sqlite3.Connection, changes: Iterator[DocumentChange]) -> int:
    first = list(islice(changes, 1))
    if not first:
        return 0
    _load_index()
    from shared.database.inverted_index.writing import fill

    return fill(connection, chain(first, changes))


def _shrink(connection: sqlite3.Connection) -> None:
    """Give the disk back what the old state and merges took, unless somebody uses the file: then it is used again."""
    connection.execute("PRAGMA busy_timeout=0")
    with suppress(sqlite3.OperationalError):
        connection.executescript(
            "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)"
        )  # execute() takes one step
