"""A few connections that are shared by threads, opened when needed, dropped when broken, and never waited for too long.

`psycopg_pool` connects in the background: its callers learn that they got no connection in time, but neither at once
nor why, and after an outage it pauses ever longer between its attempts.
"""

import math
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from shared.database.adapters.postgres.errors import PostgresFailed, failed

if TYPE_CHECKING:
    from psycopg.sql import Composed

    from shared.database.adapters.postgres.bounded import BoundedConnection

Row = tuple[Any, ...]
_SIZE = 8
_LISTED, _PAGE = 2000, 1000
_SERVER_GIVES_UP = 0.9  # of the time that we wait, so that mostly the server ends a statement and the connection lives
_LONGEST_PAUSE_S = 600  # between two pages of a long result


class Connections:
    """Lends connections.

    Args:
        store: Name in errors.
        dsn: Of libpq, as a URL or as words; it may hold a password and is never shown.
        timeout_s: The longest a call may take, connecting included.
        is_read_only: Whether transactions may only read.
    """

    def __init__(self, store: str, dsn: str, *, timeout_s: float, is_read_only: bool = False) -> None:
        self._store = store
        self._dsn = dsn
        self._timeout_s = timeout_s
        self._is_read_only = is_read_only
        self._idle: list[BoundedConnection] = []
        self._free = threading.BoundedSemaphore(_SIZE)

    @contextmanager
    def use(self, asked: str, timeout_s: float | None = None) -> "Iterator[BoundedConnection]":
        """A connection for this thread alone; one that is left in good order is lent again.

        Args:
            asked: For the error: what is being done ("rank sections").
            timeout_s: For this call, if it is not the usual one.

        Raises:
            PostgresFailed: If there is none, or what is done with it fails.
        """
        deadline = time.monotonic() + (timeout_s or self._timeout_s)
        if not self._free.acquire(timeout=timeout_s or self._timeout_s):
            raise PostgresFailed(self._store, asked, f"all {_SIZE} connections are in use", "retry in a moment")
        try:
            connection = self._get(asked, deadline)
            try:
                yield connection
            except _driver_error() as exc:
                raise failed(self._store, asked, exc) from exc
            finally:
                self._give_back(connection)
        finally:
            self._free.release()

    def rows(
        self, connection: "BoundedConnection", statement: "str | Composed", values: Mapping[str, Any], *, most: int
    ) -> "list[Row] | Iterator[Row]":
        """The rows of a statement: a list, or for more than 2,000 what reads them through a cursor as they are taken.

        A list needs its connection no more; the other holds it, and an open transaction, until it is read or left.
        """
        if most <= _LISTED:
            return connection.execute(statement, values).fetchall()
        return self._streamed(connection, statement, values)

    def _streamed(
        self, connection: "BoundedConnection", statement: "str | Composed", values: Mapping[str, Any]
    ) -> "Iterator[Row]":
        with connection.transaction(), connection.cursor(name="rows") as cursor:
            cursor.execute(statement, values)
            while rows := cursor.fetchmany(_PAGE):
                try:
                    yield from rows
                finally:
                    self.prolong(connection)  # how long the reader took is not the server's fault

    def prolong(self, connection: "BoundedConnection", timeout_s: float | None = None) -> None:
        """Give a lent connection its time anew, for the next step of a longer piece of work."""
        connection.deadline = time.monotonic() + (timeout_s or self._timeout_s)

    def close(self) -> None:
        """Close what is idle; later calls connect anew."""
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()

    def _get(self, asked: str, deadline: float) -> "BoundedConnection":
        while self._idle:
            with suppress(IndexError):
                connection = self._idle.pop()
                if connection.is_fresh:
                    connection.deadline = deadline
                    return connection
                connection.close()
        connection = self._connected(asked, deadline)
        connection.deadline = deadline
        return connection

    def _give_back(self, connection: "BoundedConnection") -> None:
        connection.deadline = math.inf
        if connection.is_fresh:
            self._idle.append(connection)
        else:
            connection.close()

    def _connected(self, asked: str, deadline: float) -> "BoundedConnection":
        """Connect in a thread: neither a name server nor a server that accepts and is silent can hold us up."""
        attempt = _Attempt(self._dsn, self._options())
        threading.Thread(target=attempt.run, name=f"{self._store}-connect", daemon=True).start()
        connection = attempt.result(deadline)
        if connection is not None:
            return connection
        if attempt.error is None:
            waited = f"no connection within {self._timeout_s:g} s"
            raise PostgresFailed(self._store, asked, waited, "check that the server runs and can be reached")
        if isinstance(attempt.error, _programming_error()):
            # the driver quotes the part that it does not understand, which may be the password
            reason, advice = "the address cannot be read", "use postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            raise PostgresFailed(self._store, asked, reason, advice) from None
        raise failed(self._store, asked, attempt.error) from attempt.error

    def _options(self) -> dict[str, object]:
        # compiling a plan and remembering rows cost our statements more than they gain, what we read is mostly in
        # memory, and a long result is read to its end
        settings = {
            **server_limits(self._timeout_s),
            "idle_in_transaction_session_timeout": f"{_LONGEST_PAUSE_S}s",
            "work_mem": "32MB",
            "jit": "off",
            "enable_memoize": "off",
            "random_page_cost": "1.1",
            "cursor_tuple_fraction": "1.0",
            "timezone": "UTC",
            "default_transaction_read_only": "on" if self._is_read_only else None,
        }
        return {
            "connect_timeout": max(2, math.ceil(self._timeout_s)),  # the driver knows no less than 2
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": int(self._timeout_s * 1000),
            "application_name": f"clara-search-{self._store}",
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items() if value is not None),
        }


def server_limits(timeout_s: float) -> dict[str, object]:
    """Settings by which the server gives up a statement, in milliseconds, while we still listen."""
    milliseconds = max(1, int(timeout_s * _SERVER_GIVES_UP * 1000))
    return {"statement_timeout": milliseconds, "lock_timeout": milliseconds}


class _Attempt:
    """One connection in the making; nobody waits for it past the deadline."""

    def __init__(self, dsn: str, options: dict[str, object]) -> None:
        self._dsn = dsn
        self._options = options
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_abandoned = False
        self._connection: BoundedConnection | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Connect, in the thread of the attempt."""
        from shared.database.adapters.postgres.bounded import connect

        try:
            connection = connect(self._dsn, self._options)
        except (_driver_error(), OSError, ValueError) as exc:
            self.error = exc
        else:
            with self._lock:
                if self._is_abandoned:
                    connection.close()
                else:
                    self._connection = connection
        self._done.set()

    def result(self, deadline: float) -> "BoundedConnection | None":
        """The connection, or None if it failed or is not there by the deadline."""
        self._done.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            self._is_abandoned = True
            return self._connection


def _driver_error() -> type[Exception]:
    import psycopg

    return psycopg.Error


def _programming_error() -> type[Exception]:
    import psycopg

    return psycopg.ProgrammingError
