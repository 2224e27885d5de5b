"""Lines of one key in a SQLite file. It can always be missing: whatever is wrong with it is logged, and lines are made.

The file holds words of documents, so what is erased has to leave it (`shelf.ReadyShelf.sweep`), and is overwritten; a
file that cannot be written is removed as a whole.
"""

import logging
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from backend.datasets.ready.lines import SectionKey, SectionLines
from backend.datasets.still_kept import StillKept
from shared.database.derived_file import discard_file, open_derived_file, transaction
from shared.database.write_ahead_log import empty_log

logger = logging.getLogger(__name__)

_PATIENCE_S = 2.0
_PRIMARY_CODE = 0xFF
# large pages hold the lines of neighbouring sections together
_PRAGMAS = ("PRAGMA page_size=16384",)
_SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS documents (
        document_id TEXT NOT NULL, state TEXT NOT NULL, is_whole INTEGER NOT NULL, PRIMARY KEY (document_id, state)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE IF NOT EXISTS orders (note TEXT PRIMARY KEY) WITHOUT ROWID",
    """
    CREATE TABLE IF NOT EXISTS lines (
        document_id TEXT NOT NULL, state TEXT NOT NULL, ordinal INTEGER NOT NULL, text_key TEXT NOT NULL,
        score REAL NOT NULL, is_rejected INTEGER NOT NULL, records INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (document_id, state, ordinal)
    ) WITHOUT ROWID
    """,
)
_DOCUMENTS = "SELECT document_id, state FROM documents"
_OF_DOCUMENT = """
SELECT ordinal, text_key, score, is_rejected, records, content FROM lines
WHERE document_id = ? AND state = ? ORDER BY ordinal
"""
_OF_SECTION = """
SELECT text_key, score, is_rejected, records, content FROM lines WHERE document_id = ? AND state = ? AND ordinal = ?
"""
_FREE = "SELECT freelist_count, page_size FROM pragma_freelist_count, pragma_page_size"
_PUT = "INSERT OR REPLACE INTO lines VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_DOCUMENT = """
INSERT INTO documents VALUES (?, ?, ?)
ON CONFLICT (document_id, state) DO UPDATE SET is_whole = max(is_whole, excluded.is_whole)
"""


class ReadyFile:
    """The lines of one key, for one user at a time; others may have the same file open.

    Args:
        path: Made where it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._trouble: sqlite3.Error | OSError | None = None
        with self._care():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _opened(path)

    def __enter__(self) -> Self:
        """Closed with the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether lines are kept here, until something is wrong with the file."""
        return self._connection is not None

    def of_document(self, document_id: str, state: str) -> list[SectionLines]:
        """What is ready of a document, in its order."""
        with self._care():
            rows = self._rows(_OF_DOCUMENT, (document_id, state))
            return [_section(SectionKey(document_id, state, row[0]), row[1:]) for row in rows]
        return []

    def of_sections(self, keys: Sequence[SectionKey]) -> dict[SectionKey, SectionLines]:
        """What is ready of some sections."""
        with self._care():
            return {key: _section(key, row) for key in keys for row in self._rows(_OF_SECTION, key)}
        return {}

    def put(self, made: Sequence[SectionLines], *, whole: Collection[tuple[str, str]] = ()) -> None:
        """Keep lines that were made; all of them, or none.

        Args:
            made: Lines of sections.
            whole: Id and state of documents of which all lines are kept then.
        """
        documents = {(each.key.document_id, each.key.state) for each in made}.union(whole)
        with self._care():
            if self._connection is not None and documents:
                with transaction(self._connection):
                    rows = [(*document, document in whole) for document in sorted(documents)]
                    self._connection.executemany(_PUT_DOCUMENT, rows)
                    self._connection.executemany(_PUT, [(*each.key, *each[1:]) for each in made])

    def note_order(self, note: str) -> None:
        """Note for which order lines are kept here (`orders.noted`)."""
        with self._care():
            # looked up before: streams of what is ready only read
            if self._connection is not None and note not in self.orders():
                self._connection.execute("INSERT OR IGNORE INTO orders VALUES (?)", (note,))

    def orders(self) -> list[str]:
        """What `note_order` noted."""
        with self._care():
            return [note for (note,) in self._rows("SELECT note FROM orders ORDER BY note", ())]
        return []

    def whole_documents(self) -> Iterator[tuple[str, str]]:
        """Id and state of every document of which all lines are known to be ready, in the order of ids."""
        with self._care():
            yield from self._rows(f"{_DOCUMENTS} WHERE is_whole ORDER BY document_id, state", ())

    def documents(self) -> Iterator[tuple[str, str]]:
        """Id and state of every document of which something is ready, in the order of ids."""
        with self._care():
            yield from self._rows(f"{_DOCUMENTS} ORDER BY document_id, state", ())

    def free_bytes(self) -> int:
        """Room inside the file, which is taken before it grows."""
        with self._care():
            ((pages, size),) = self._rows(_FREE, ()) if self._connection else [(0, 0)]
            return int(pages) * int(size)
        return 0

    def forget(self, documents: Sequence[tuple[str, str]]) -> None:
        """Overwrite what is ready of these states of documents; a file that cannot be written goes as a whole.

        Raises:
            StillKept: If somebody else is writing for long, or the file cannot even be removed.
        """
        if documents:
            self._forget("document_id = ? AND state = ?", documents)

    def forget_document(self, document_id: str) -> None:
        """Overwrite what is ready of a document, in whichever state; see `forget`.

        Raises:
            StillKept: As `forget`.
        """
        self._forget("document_id = ?", [(document_id,)])

    def require_usable(self) -> None:
        """Nothing where the file can be used; one that is damaged goes as a whole.

        Raises:
            StillKept: If it is there, and nobody can know what is in it.
        """
        if self._trouble is not None:
            self._remove(self._trouble)
        elif self._connection is None:
            raise StillKept(self.path, "it was closed before")

    def _forget(self, which: str, values: Sequence[tuple[str, ...]]) -> None:
        self.require_usable()
        if self._connection is None:
            return
        try:
            with transaction(self._connection):
                for table in ("lines", "documents"):
                    self._connection.executemany(f"DELETE FROM {table} WHERE {which}", values)  # noqa: S608 - ours
            # the log still holds what was overwritten in the file
            empty_log(self._connection)
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)
            self._remove(exc)

    def _remove(self, trouble: sqlite3.Error | OSError) -> None:
        """Remove the file in place of what is in it, unless it is only busy: then it is worth another attempt."""
        if _is_busy(trouble):
            raise StillKept(self.path, str(trouble)) from trouble
        try:
            discard_file(self.path)
        except OSError as exc:
            raise StillKept(self.path, exc.strerror or str(exc)) from exc

    def close(self) -> None:
        """Give the file back; a second time does nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, query: str, values: Sequence[object]) -> "Iterator[tuple[Any, ...]]":
        return iter(()) if self._connection is None else self._connection.execute(query, values)

    @contextmanager
    def _care(self) -> Iterator[None]:
        """Do without the file once anything is wrong with it; a broken one is removed, so that the next is whole."""
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            self._give_up(exc)
            if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
                with suppress(OSError):
                    discard_file(self.path)

    def _give_up(self, trouble: sqlite3.Error | OSError) -> None:
        logger.warning("ready.unusable", extra={"file": str(self.path), "reason": str(trouble)})
        self._trouble = trouble
        self.close()


def _opened(path: Path) -> sqlite3.Connection:
    connection = open_derived_file(path, store="ready", patience_s=_PATIENCE_S, create=True, pragmas=_PRAGMAS)
    try:
        # what the last moment before a power failure kept is made again
        connection.execute("PRAGMA synchronous=NORMAL")
        for table in _SCHEMA:
            connection.execute(table)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _section(key: SectionKey, row: Sequence[Any]) -> SectionLines:
    text_key, score, is_rejected, records, content = row
    return SectionLines(key, text_key, score, is_rejected == 1, records, content)


def _is_busy(trouble: Exception) -> bool:
    code = getattr(trouble, "sqlite_errorcode", 0) & _PRIMARY_CODE
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
