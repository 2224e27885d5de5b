"""Switch SQLite files to their write-ahead log, also when several processes do so at the same moment."""

import sqlite3
import time

_PAUSE_S = 0.01
_PRIMARY_CODE = 0xFF


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
