"""A SQLite file of what can be derived again: how it is opened, written, found to be damaged, and replaced."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from shared.database.base import StoreNotBuilt
from shared.database.write_ahead_log import use_write_ahead_log


class DamagedFile(Exception):
    """The file is no database of ours, or a broken one."""


def open_derived_file(
    path: Path, *, store: str, patience_s: float, create: bool = False, pragmas: Sequence[str] = ()
) -> sqlite3.Connection:
    """A connection with durable transactions, which any thread may use.

    Args:
        path: The file.
        store: Whose file it is, for the message that it is missing.
        patience_s: How long its statements wait for a locked file.
        create: Whether to make the file where there is none.
        pragmas: Executed before anything is written.

    Raises:
        StoreNotBuilt: If the file is missing and not to be made.
        sqlite3.Error: If it cannot be opened.
    """
    if not create and not path.exists():
        raise StoreNotBuilt(store, "has not been built yet")
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(path.as_posix())}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout={round(patience_s * 1000)}")
        for pragma in pragmas:
            connection.execute(pragma)
        use_write_ahead_log(connection, patience_s=patience_s)
        connection.execute("PRAGMA synchronous=FULL")
        # what is erased is written over, and not only unlinked from the tables
        connection.execute("PRAGMA secure_delete=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def refilled(path: Path, refill: Callable[[], int], *, discard: Callable[[], None]) -> int:
    """Fill a file anew; a damaged one is discarded and filled once more. Returns what `refill` does.

    Args:
        path: The file; its folder is made.
        refill: Raises `DamagedFile` before it has read anything that could not be read again.
        discard: Removes the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return refill()
    except DamagedFile:
        discard()
        return refill()


def discard_file(path: Path) -> None:
    """Remove a file with its log."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def damage() -> Iterator[None]:
    """What SQLite says inside the block about the file itself is damage; busy, full and read-only pass."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        if isinstance(exc, sqlite3.OperationalError) and exc.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        raise DamagedFile from exc


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """The one write transaction that there can be, committed unless the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
