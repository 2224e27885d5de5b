"""Why a database cannot serve: driver errors sorted into `Unavailable` with a message that says what to do."""

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import ClaraError, InvalidInput, Unavailable


class DatabaseUnavailable(Unavailable):
    """The database failed for a reason that no other class names."""

    code = "database_unavailable"


class DatabaseBusy(DatabaseUnavailable):
    """Others held a lock, or all connections, for longer than we are willing to wait; a retry may succeed."""

    code = "database_busy"


class DatabaseFull(DatabaseUnavailable):
    """The disk (or quota) under the database is full; nothing of this call was stored."""

    code = "database_full"


class DatabaseReadOnly(DatabaseUnavailable):
    """The database, its file or its folder cannot be written."""

    code = "database_read_only"


class DatabaseUnreachable(DatabaseUnavailable):
    """No server answers, the file cannot be opened, or the login was refused."""

    code = "database_unreachable"


class DatabaseCorrupt(DatabaseUnavailable):
    """The file is damaged or no database at all."""

    code = "database_corrupt"


class Unstorable(InvalidInput):
    """A value that no database of ours can hold, such as text with a NUL character."""

    code = "unstorable"


_BUSY = "The database is busy: {reason}. Retry in a moment."
_FULL = "The disk under the database is full: {reason}. Nothing of this call was stored; free some space and retry."
_READ_ONLY = "The database cannot be written: {reason}. Check owner and permissions of the file and of its folder."
_UNREACHABLE = "The database cannot be reached: {reason}. Check that it runs and that the configured URL is right."
_CORRUPT = "The database file is damaged or no database: {reason}. Restore it from a backup."
_OTHER = "The database failed: {reason}."

_BY_SQLITE_ERROR: tuple[tuple[str, type[DatabaseUnavailable], str], ...] = (
    ("SQLITE_BUSY", DatabaseBusy, _BUSY),
    ("SQLITE_LOCKED", DatabaseBusy, _BUSY),
    ("SQLITE_FULL", DatabaseFull, _FULL),
    ("SQLITE_READONLY", DatabaseReadOnly, _READ_ONLY),
    ("SQLITE_PERM", DatabaseReadOnly, _READ_ONLY),
    ("SQLITE_CANTOPEN", DatabaseUnreachable, _UNREACHABLE),
    ("SQLITE_CORRUPT", DatabaseCorrupt, _CORRUPT),
    ("SQLITE_NOTADB", DatabaseCorrupt, _CORRUPT),
)
# https://www.postgresql.org/docs/15/errcodes-appendix.html; the longest prefix stands first
_BY_SQLSTATE: tuple[tuple[str, type[DatabaseUnavailable], str], ...] = (
    ("53100", DatabaseFull, _FULL),
    ("53", DatabaseBusy, _BUSY),
    ("25006", DatabaseReadOnly, _READ_ONLY),
    ("40", DatabaseBusy, _BUSY),
    ("55P03", DatabaseBusy, _BUSY),
    ("57014", DatabaseBusy, _BUSY),
    ("57P", DatabaseUnreachable, _UNREACHABLE),
    ("08", DatabaseUnreachable, _UNREACHABLE),
    ("28", DatabaseUnreachable, _UNREACHABLE),
    ("3D000", DatabaseUnreachable, _UNREACHABLE),
)


def translated(error: SQLAlchemyError) -> ClaraError:
    """Our error for a driver's, without SQL or parameters (they may hold document text)."""
    if isinstance(error, PoolTimeout):
        return DatabaseBusy(_BUSY.format(reason="all connections of this process are in use"))
    if not isinstance(error, StatementError):
        return DatabaseUnavailable(_OTHER.format(reason=type(error).__name__))
    reason = _first_line(error.orig)
    # a plain StatementError comes from turning a value into a parameter, before the database was asked
    if isinstance(error, DataError) or not isinstance(error, DBAPIError):
        return Unstorable(f"The database cannot hold this value: {reason}.")
    kind, template = _kind_of(error, getattr(error.orig, "sqlstate", None) or "")
    return kind(template.format(reason=reason))


def _kind_of(error: DBAPIError, state: str) -> tuple[type[DatabaseUnavailable], str]:
    if isinstance(error.orig, sqlite3.Error):
        name, table = getattr(error.orig, "sqlite_errorname", ""), _BY_SQLITE_ERROR
    else:
        name, table = state, _BY_SQLSTATE
    for prefix, kind, template in table:
        if name.startswith(prefix):
            return kind, template
    # libpq reports a lost or refused connection without any SQLSTATE
    if error.connection_invalidated or (not name and type(error.orig).__name__ == "OperationalError"):
        return DatabaseUnreachable, _UNREACHABLE
    return DatabaseUnavailable, _OTHER


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
