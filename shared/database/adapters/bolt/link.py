"""A bounded connection to a Bolt server: every call ends in time, whatever the server does.

The time-outs of the driver bound connecting and waiting for a connection, but once a query is sent it reads without
any. What it does document is that a cancelled call of its asynchronous half gives up its connection. So that half runs
in a thread with an event loop, and a deadline cancels what is late.
"""

import asyncio
import logging
import random
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shared.database.adapters.bolt.failures import Neo4jFailed, NoBoltAddress, driver_errors, reason_of
from shared.outgoing import OWN_SERVERS
from shared.outgoing.loop import GuardedLoop
from shared.outgoing.plain_text import note_plain_text
from shared.utils.heavy_imports import load

T = TypeVar("T")
Row = list[Any]
_SLACK_S = 0.25  # for the thread to tell that a call is late
_CLOSE_S = 0.5
_LEAST_S = 0.01  # to a server, 0 means for ever
_SCHEMES = ("bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.5


class Statements:
    """Runs statements in one session or one transaction.

    Args:
        runner: A session or a transaction of the driver.
        query: Makes of a text what the runner takes.
    """

    def __init__(self, runner: Any, query: Callable[[str], Any] = str) -> None:
        self._runner = runner
        self._query = query

    async def rows(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """All rows that a statement returns, each a list of its columns."""
        result = await self._runner.run(self._query(text), dict(parameters or {}))
        return [record.values() async for record in result]


Work = Callable[[Statements], Awaitable[T]]


class BoltLink:
    """Connections to one database, made when they are first needed and again after `close`; threads may share it.

    Args:
        store: Name of the store, for messages.
        uri: Such as "bolt://host:7687" or "neo4j+s://host".
        database: None for the user's home database.
        timeout_s: Bound of a call that names no other.
    """

    def __init__(
        self, store: str, uri: str, user: str, password: str, *, database: str | None, timeout_s: float
    ) -> None:
        self._store, self._uri, self._database = store, uri, database
        self._auth = (user, password)
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._driver: Any = None

    def read(self, work: Work[T], *, timeout_s: float | None = None) -> T:
        """Run work that changes nothing; a connection that went stale is replaced once.

        Raises:
            Neo4jFailed: If it fails or is late.
        """
        return self._bounded(lambda end: self._repeated(self._read, work, end), timeout_s or self._timeout_s)

    def write(self, work: Work[T], *, timeout_s: float) -> T:
        """Run work in one transaction, again where others were in its way; so work must bear to be repeated.

        Raises:
            Neo4jFailed: If it fails or is late; whether it was committed is then unknown.
        """
        return self._bounded(lambda end: self._repeated(self._write, work, end), timeout_s)

    def close(self) -> None:
        """Give up all connections; the next call makes new ones."""
        with self._lock:
            loop, thread, driver = self._loop, self._thread, self._driver
            self._loop = self._thread = self._driver = None
        if loop is None or thread is None:
            return
        if driver is not None:
            with suppress(*driver_errors()):  # a server that is gone needs no farewell
                asyncio.run_coroutine_threadsafe(_closed(driver), loop).result(2 * _CLOSE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_S)
        if not thread.is_alive():
            loop.close()

    def _bounded(self, started: Callable[[float], Coroutine[Any, Any, T]], timeout_s: float) -> T:
        try:
            loop = self._started_loop()
            future = asyncio.run_coroutine_threadsafe(started(time.monotonic() + timeout_s), loop)
            try:
                return future.result(timeout_s + _SLACK_S)
            finally:
                future.cancel()
        except driver_errors() as exc:
            raise Neo4jFailed(self._store, self._uri, self._database, reason_of(exc, timeout_s)) from exc

    def _started_loop(self) -> asyncio.AbstractEventLoop:
        load("neo4j")  # its time is nobody's time-out

        driver_logger = logging.getLogger("neo4j")
        if driver_logger.level == logging.NOTSET:
            driver_logger.setLevel(logging.CRITICAL)  # what it logs as errors reaches the caller as one
        with self._lock:
            if self._loop is None:
                # a cluster tells its driver where its other members are
                self._loop = GuardedLoop(OWN_SERVERS)
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._store, daemon=True)
                self._thread.start()
            return self._loop

    async def _repeated(self, once: Callable[[Work[T], float], Coroutine[Any, Any, T]], work: Work[T], end: float) -> T:
        """Until it succeeds or fails for good, or the time is over."""
        pause_s, reconnects = _FIRST_PAUSE_S, 1
        async with asyncio.timeout(end - time.monotonic()):
            while True:
                try:
                    return await once(work, max(end - time.monotonic(), _LEAST_S))
                except driver_errors() as exc:
                    if _is_stale(exc) and reconnects:
                        reconnects -= 1
                    elif _is_conflict(exc):
                        await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - only spreads rivals
                        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                    else:
                        raise

    async def _read(self, work: Work[T], left_s: float) -> T:
        import neo4j

        async with self._session(neo4j.READ_ACCESS) as session:
            return await work(Statements(session, lambda text: neo4j.Query(text, timeout=left_s)))  # type: ignore[arg-type, unused-ignore]

    async def _write(self, work: Work[T], left_s: float) -> T:
        import neo4j

        async with (
            self._session(neo4j.WRITE_ACCESS) as session,
            await session.begin_transaction(timeout=left_s) as transaction,
        ):
            return await work(Statements(transaction))

    def _session(self, access: str) -> Any:
        import neo4j

        if self._driver is None:
            if self._uri.partition("://")[0] not in _SCHEMES:  # the driver would try HTTP with http://
                raise NoBoltAddress
            try:
                self._note_plain_text()
                self._driver = neo4j.AsyncGraphDatabase.driver(
                    self._uri,
                    auth=self._auth,
                    connection_timeout=self._timeout_s,
                    connection_acquisition_timeout=self._timeout_s,
                    max_transaction_retry_time=0,
                    telemetry_disabled=True,
                    user_agent="clara",
                )
            except ValueError as exc:
                raise NoBoltAddress from exc
        return self._driver.session(database=self._database, default_access_mode=access)

    def _note_plain_text(self) -> None:
        parts = urlsplit(self._uri)
        if "+" not in parts.scheme and parts.hostname:
            note_plain_text("bolt", parts.hostname)


async def _closed(driver: Any) -> None:
    async with asyncio.timeout(_CLOSE_S):
        await driver.close()


def _is_stale(error: Exception) -> bool:
    """Whether a pooled connection turned out dead; a new one may work."""
    return type(error).__name__ in ("ServiceUnavailable", "SessionExpired", "IncompleteCommit")


def _is_conflict(error: Exception) -> bool:
    """Whether others were in the way: locks, or a node that two wanted to be the first to make or to delete."""
    code = str(getattr(error, "code", ""))
    return code.startswith("Neo.TransientError.Transaction.") or code in (
        "Neo.ClientError.Schema.ConstraintValidationFailed",
        "Neo.ClientError.Statement.EntityNotFound",
    )
