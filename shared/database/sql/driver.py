"""Statements of the hot paths: written in SQLAlchemy Core, compiled once per database, run on the driver itself.

What Core does for every execution (building expressions, cache keys, result objects, its own transaction) costs several
times what the database needs for the statement. Here a statement is compiled once for the names of the values that it
gets; a call then only turns values into parameters and rows into values, with Core's own types.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Dialect, Engine
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.expression import Executable, Select

from shared.database.engine import translating_errors

_FLUSH = b"SELECT pg_logical_emit_message(true, 'clara', '')"
_TUPLES_OK = 2

Statement = Select[Any] | UpdateBase
Row = Mapping[str, Any]
_Convert = Callable[[Any], Any]


class Transaction:
    """An open transaction on the driver.

    Args:
        new_cursor: Opens a cursor of the driver. Each statement gets its own: on PostgreSQL statements are sent without
            waiting for the answers of earlier ones, and a cursor keeps the answer of one.
        dialect: Says how to compile and convert.
    """

    def __init__(self, new_cursor: Callable[[], Any], dialect: Dialect) -> None:
        self._new_cursor = new_cursor
        self._key = _Key(dialect)
        self._last: list[tuple[Statement, Mapping[str, Any]]] = []

    @property
    def database(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._key.dialect.name

    def row(self, statement: Statement, values: Mapping[str, Any]) -> Row | None:
        """The one row of the statement, or None."""
        prepared = self._prepared(statement, values)
        found = self._execute(prepared, values).fetchone()
        return None if found is None else prepared.row_from(found)

    def scalar(self, statement: Statement, values: Mapping[str, Any]) -> Any:
        """The first value of the first row, as the driver gives it; None if there is no row."""
        found = self._execute(self._prepared(statement, values), values).fetchone()
        return None if found is None else found[0]

    def run(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """Carry out a statement without rows; what it breaks may show only when the transaction ends."""
        self._execute(self._prepared(statement, values), values)

    def run_last(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """As `run`, when all else is done: for a row that everybody locks, which is then locked for the commit only."""
        self._last.append((statement, values))

    def finish(self) -> bool:
        """Carry out what was put off; returns whether there was anything."""
        for statement, values in self._last:
            self.run(statement, values)
        return bool(self._last)

    def _prepared(self, statement: Statement, values: Mapping[str, Any]) -> "_Prepared":
        return _prepared(statement, tuple(values), self._key)

    def _execute(self, prepared: "_Prepared", values: Mapping[str, Any]) -> Any:
        try:
            parameters = prepared.parameters(values)
        except (TypeError, ValueError) as exc:
            raise StatementError("a value cannot be stored", None, None, exc) from exc
        cursor = self._new_cursor()
        cursor.execute(prepared.sql, parameters)
        return cursor


@contextmanager
def driver_transaction(engine: Engine) -> Iterator[Transaction]:
    """All or nothing, as `write_transaction`: durable when the block has been left without an exception.

    Raises:
        Unavailable: If the database cannot serve; nothing was stored then.
        IntegrityError: A rule of the schema was broken; the store knows which.
    """
    with translating_errors(), _as_sqlalchemy_errors(engine.dialect):
        connection = engine.raw_connection()
        try:
            driver_connection: Any = connection.driver_connection
            transaction = Transaction(driver_connection.cursor, engine.dialect)
            with _begun(driver_connection, transaction):
                yield transaction
        except engine.dialect.loaded_dbapi.Error as exc:
            if engine.dialect.is_disconnect(exc, connection, None):
                connection.invalidate(exc)
            raise
        finally:
            # rolls back what was not committed
            connection.close()


@contextmanager
def _begun(connection: Any, transaction: Transaction) -> Iterator[None]:
    """A transaction that is committed unless its body raises."""
    if transaction.database == "sqlite":
        # the write lock at the start, see write_transaction
        connection.execute("BEGIN IMMEDIATE")
        yield
        transaction.finish()
        connection.commit()
        return
    # psycopg begins by itself; a pipeline saves the wait for every answer that nobody reads
    with connection.pipeline():
        yield
        has_locked_last = transaction.finish()
        if has_locked_last:
            connection.execute("SET LOCAL synchronous_commit = off")
        connection.commit()
    if has_locked_last:
        _flush(connection)


def _flush(connection: Any) -> None:
    """Wait until a commit that did not wait for the disk is there: what was locked last was free for others meanwhile.

    A transaction of its own writes a message of no meaning and waits for the disk. The log goes there in order, so all
    before it is there too, and one visit to the disk serves several writers, as it does without a row that all lock.
    Nobody is told of a success before that.
    """
    from psycopg.errors import error_from_result

    # libpq itself: psycopg would open a transaction around it
    result = connection.pgconn.exec_(_FLUSH)
    if result.status != _TUPLES_OK:
        raise error_from_result(result)


@contextmanager
def _as_sqlalchemy_errors(dialect: Dialect) -> Iterator[None]:
    driver_error: type[Exception] = dialect.loaded_dbapi.Error
    try:
        yield
    except driver_error as exc:
        raise DBAPIError.instance(None, None, exc, driver_error, hide_parameters=True, dialect=dialect) from exc


class _Key:
    """A dialect as part of a cache key: all of one database compile alike, whatever engine they belong to."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._hash = hash(dialect.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.dialect.name == self.dialect.name

    def __hash__(self) -> int:
        return self._hash


class _Prepared:
    """A compiled statement with the conversions of its parameters and of its rows."""

    def __init__(self, statement: Statement, names: tuple[str, ...], dialect: Dialect) -> None:
        columns = _columns_among(statement, names)
        compiled: Any = statement.compile(dialect=dialect, column_keys=columns)
        self.sql: str = compiled.string
        to_driver = {name: _to_driver(compiled.binds.get(name), dialect) for name in compiled.binds}
        constants = compiled.construct_params(dict.fromkeys(names))
        # name, constant and conversion of every parameter in order: all that can be known before the first call
        self._plan: list[tuple[str, Any, _Convert | None]] = [
            (name, None, to_driver.get(name))
            if name in names
            else (name, _converted(constants[name], to_driver.get(name)), _constant)
            for name in (compiled.positiontup or constants)
        ]
        self._is_positional = compiled.positiontup is not None
        self._names, self._from_driver = _result_of(statement, dialect)

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Parameters as the driver wants them."""
        found = [
            values[name] if convert is None else constant if convert is _constant else convert(values[name])
            for name, constant, convert in self._plan
        ]
        return found if self._is_positional else dict(zip((name for name, _, _ in self._plan), found, strict=True))

    def row_from(self, row: Any) -> Row:
        """Values by column of a row of the driver."""
        found = dict(zip(self._names, row, strict=True))
        for name, convert in self._from_driver:
            found[name] = convert(found[name])
        return found


@functools.lru_cache(maxsize=512)
def _prepared(statement: Statement, names: tuple[str, ...], key: _Key) -> _Prepared:
    return _Prepared(statement, names, key.dialect)


def _columns_among(statement: Statement, names: tuple[str, ...]) -> list[str]:
    # of the values, those that are columns are to be written; the others are parameters of conditions
    table = getattr(statement, "table", None)
    return [] if table is None else [name for name in names if name in table.c]


def _result_of(statement: Executable, dialect: Dialect) -> tuple[list[str], list[tuple[str, _Convert]]]:
    columns: Any = statement.exported_columns  # type: ignore[attr-defined]  # all that we prepare have it
    convert = {column.name: column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns}
    return list(convert), [(name, found) for name, found in convert.items() if found is not None]


def _to_driver(bind: Any, dialect: Dialect) -> _Convert | None:
    if bind is None:
        return None
    convert: _Convert | None = bind.type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _constant(value: Any) -> Any:
    """Marks a parameter that is the same in every call."""
    return value


def _converted(value: Any, convert: _Convert | None) -> Any:
    return value if convert is None else convert(value)
