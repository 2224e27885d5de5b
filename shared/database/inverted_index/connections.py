"""Connections that wait for the next search: opening one costs as much as a small search, and starts with no page."""

import os
import sqlite3
import threading
from pathlib import Path

_KEPT = 4
_File = tuple[int, int]


class IdleConnections:
    """Connections to one file that nobody uses now; never to a file that was replaced, never over a fork.

    Args:
        path: The file; where it is gone or another one, what was kept is closed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._idle: list[tuple[_File, sqlite3.Connection]] = []
        self._pid = os.getpid()

    def take(self) -> sqlite3.Connection | None:
        """A connection, outside any transaction, or None if one must be opened."""
        file = self.file()
        with self._lock:
            if self._pid != os.getpid():
                self._pid, self._idle = os.getpid(), []
            fitting = [connection for known, connection in self._idle if known == file]
            for known, connection in self._idle:
                if known != file:
                    connection.close()
            chosen = fitting.pop() if fitting else None
            self._idle = [(file, connection) for connection in fitting] if file else []
        return chosen

    def give_back(self, connection: sqlite3.Connection, opened: _File | None) -> None:
        """Keep a connection that is outside any transaction, to the file that `file` told before it was opened."""
        with self._lock:
            if opened is not None and len(self._idle) < _KEPT and self._pid == os.getpid():
                self._idle.append((opened, connection))
                return
        connection.close()

    def file(self) -> _File | None:
        """Which file the path means now; None if there is none."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for _, connection in idle:
            connection.close()
