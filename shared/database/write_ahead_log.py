"""The write-ahead log of SQLite files: switched to by several processes at once, and emptied of what was erased."""

import sqlite3
import time

_PAUSE_S = 0.01
_PRIMARY_CODE = 0xFF
_EMPTIED_WITHIN_MS = 500


def use_write_ahead_log(connection: sqlite3.Connection, *, patience_s: float) -> None:
    """Keep the file of this connection in WAL mode; a file that is already costs one look at it.

    SQLite answers "locked" at once, whatever the connection's time-out, when it finds another one in the middle of the
    switch, as services find that start together on a new file. So whoever is told so asks again.

    Args:
        connection: Outside a transaction.
        patience_s: How long to ask again.

    Raises:
        sqlite3.OperationalError: If the file stays locked, or cannot be used.
    """
    give_up = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & _PRIMARY_CODE != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def empty_log(connection: sqlite3.Connection) -> bool:
    """Move the log into the file, so that nothing that was deleted stays in it; returns whether nobody was in the way.

    While somebody reads for long the log stays; SQLite writes over it later.

    Args:
        connection: Outside a transaction.

    Raises:
        sqlite3.Error: If the file cannot be used.
    """
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout={_EMPTIED_WITHIN_MS}")
    try:
        (is_busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout={patience_ms}")
    return not is_busy
