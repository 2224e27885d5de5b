"""Connections to the SQL truth: durable on SQLite and PostgreSQL, one transaction per call, errors in our own words."""

import functools
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from shared.database.errors import Unstorable, translated
from shared.database.postgres_address import check_connected, with_addresses
from shared.database.sql_json import dump_json
from shared.database.write_ahead_log import use_write_ahead_log
from shared.errors import InvalidInput
from shared.models.audit_chain import linked

BUSY_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5
# Server-side limits, so that a lost client or a forgotten lock cannot hold others up for ever. Plans are made once per
# statement: our statements find rows by keys, for which no parameter calls for a plan of its own.
_POSTGRES_OPTIONS = (
    "-c timezone=UTC -c plan_cache_mode=force_generic_plan -c statement_timeout=60s -c lock_timeout={lock_timeout_ms} "
    "-c idle_in_transaction_session_timeout=60s"
)
SQLITE_CHAIN = "clara_audit_hash"
"""Name under which SQLite knows `audit_chain.linked`."""
_WRITE = "clara_write"
_RESTS_SINCE, _REST_S = "clara_rests_since", 1.0


class UnknownDatabase(InvalidInput):
    """A database URL that we cannot serve."""

    code = "unknown_database"


def open_engine(url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; safe to share between threads. Nothing is connected yet.

    Args:
        url: Database URL.
        busy_timeout_s: How long a call waits for a lock or a free connection.

    Raises:
        UnknownDatabase: If the URL cannot be parsed or names neither of the two.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, busy_timeout_s)
    return _open_postgresql(parsed, busy_timeout_s)


def parse_url(url: str) -> URL:
    """The parts of a database URL.

    Raises:
        UnknownDatabase: If it cannot be parsed or names neither SQLite with a file nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as exc:
        raise UnknownDatabase("The database URL cannot be parsed; use sqlite:///PATH or postgresql://…") from exc
    backend = parsed.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise UnknownDatabase(f"'{backend}' is no database we know; use sqlite:///PATH or postgresql://…")
    if backend == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise UnknownDatabase("An SQLite database needs a file: sqlite:///PATH. In memory there is memory_stores().")
    return parsed


@contextmanager
def read_transaction(engine: Engine) -> Iterator[Connection]:
    """A consistent view for reading; never waits for a writer on SQLite.

    Raises:
        Unavailable: If the database cannot serve.
    """
    with translating_errors(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """All or nothing; durable when the block has been left without an exception.

    Takes SQLite's write lock at the start: a deferred transaction that turns into a writer half-way would fail at once
    with "locked" instead of waiting. An `IntegrityError` passes, since only the store knows which rule it stands for.

    Raises:
        Unavailable: If the database cannot serve; nothing was stored then.
    """
    with translating_errors(), engine.connect() as connection:
        connection.execution_options(**{_WRITE: True})
        with connection.begin():
            yield connection


@contextmanager
def translating_errors() -> Iterator[None]:
    """Turn what goes wrong with a database into our errors; an `IntegrityError` passes.

    Raises:
        Unavailable: If the database cannot serve.
        InvalidInput: If it cannot hold a value.
    """
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as exc:
        raise translated(exc) from exc
    except UnicodeEncodeError as exc:
        raise Unstorable("Text with a lone surrogate cannot be stored; its source was decoded wrongly.") from exc


def _open_sqlite(url: URL, busy_timeout_s: float) -> Engine:
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False},
        **_common_options(busy_timeout_s),
    )
    event.listen(engine, "connect", functools.partial(_prepare_sqlite, busy_timeout_s))
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(url: URL, busy_timeout_s: float) -> Engine:
    ours = _POSTGRES_OPTIONS.format(lock_timeout_ms=round(busy_timeout_s * 1000))
    own_options = url.query.get("options", "")
    options = " ".join([ours, *([own_options] if isinstance(own_options, str) else own_options)])
    engine = create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "tcp_user_timeout": 10_000, "options": options.strip()},
        # psycopg needs a search for every parameter that has a name
        paramstyle="format",
        **_common_options(busy_timeout_s),
    )
    event.listen(engine, "do_connect", _look_up)
    event.listen(engine, "connect", _check_connected)
    event.listen(engine, "checkin", _note_rest)
    event.listen(engine, "checkout", functools.partial(_ask_if_rested, engine.dialect))
    return engine


def _common_options(busy_timeout_s: float) -> dict[str, Any]:
    # hide_parameters: parameters are document text, which belongs in no log and no error message
    return {
        "pool_size": 5,
        "max_overflow": 15,
        "pool_timeout": busy_timeout_s,
        "json_serializer": dump_json,
        "hide_parameters": True,
    }


def _look_up(_dialect: Dialect, _record: object, _arguments: object, parameters: dict[str, Any]) -> None:
    parameters.update(with_addresses(parameters))


def _check_connected(connection: Any, _record: object) -> None:
    check_connected(connection)


def _note_rest(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_RESTS_SINCE] = time.monotonic()


def _ask_if_rested(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Find out whether a connection outlived its rest in the pool; asking before each use would cost an answer each."""
    since = record.info.get(_RESTS_SINCE)
    if since is None or time.monotonic() - since < _REST_S:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as exc:
        # the server that left this one left all of them
        raise InvalidatePoolError("the connection is gone") from exc


def _prepare_sqlite(busy_timeout_s: float, connection: sqlite3.Connection, _record: object) -> None:
    # without this sqlite3 starts transactions by itself, deferred and too late
    connection.isolation_level = None
    use_write_ahead_log(connection, patience_s=busy_timeout_s)
    # what is erased is written over, and not only unlinked from the tables
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # PostgreSQL brings SHA-256 along, SQLite does not
    connection.create_function(SQLITE_CHAIN, 4, linked, deterministic=True)


def _begin_sqlite(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITE, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # takes no lock and touches no file: nothing to translate, and nothing that would be worth all that SQLAlchemy
        # does around a statement
        connection.connection.cursor().execute("BEGIN")
