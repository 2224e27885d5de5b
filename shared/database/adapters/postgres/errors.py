"""Why PostgreSQL cannot serve, in words that say what to do."""

from shared.errors import Unavailable

_BUSY = "others hold it or it takes too long; retry in a moment"
_UNREACHABLE = "check that the server runs and that address, user, password and database of the setting are right"
_READ_ONLY = "let the user of the setting write to this server, or name the one that takes writes"
_FULL = "free some space and retry; nothing of this call was stored"
_DENIED = "grant its user CREATE on the database that is to hold our tables, or SELECT on a table that is only read"
_OTHER = "see the log of the server"
# https://www.postgresql.org/docs/15/errcodes-appendix.html; the longest prefix stands first
_ADVICE = (
    ("53100", _FULL),
    ("53", _BUSY),
    ("25006", _READ_ONLY),
    ("42501", _DENIED),
    ("40", _BUSY),
    ("55P03", _BUSY),
    ("57014", _BUSY),
    ("57P", _UNREACHABLE),
    ("08", _UNREACHABLE),
    ("28", _UNREACHABLE),
    ("3D", _UNREACHABLE),
)
_MISSING = ("3F000", "42P01", "42704")  # schema, table, text search configuration


class PostgresFailed(Unavailable):
    """The PostgreSQL behind a search did not do what it was asked.

    Args:
        store: Name of the store or source.
        asked: What it was asked ("rank sections").
        reason: What was found.
        advice: What to do.
        sqlstate: The server's own code, if it answered.
    """

    code = "postgres_failed"

    def __init__(self, store: str, asked: str, reason: str, advice: str, sqlstate: str = "") -> None:
        super().__init__(
            f"PostgreSQL ('{store}') was asked to {asked} and did not: {reason}; {advice}.",
            store=store,
            reason=reason,
            sqlstate=sqlstate,
        )
        self.reason = reason
        self.sqlstate = sqlstate

    @property
    def is_missing_schema(self) -> bool:
        """Whether the schema or a part of it is not there."""
        return self.sqlstate in _MISSING


def failed(store: str, asked: str, error: Exception) -> PostgresFailed:
    """Our error for a driver's: its first line only, since the rest may quote a statement with texts."""
    sqlstate = getattr(error, "sqlstate", None) or ""
    lines = str(error).strip().splitlines()
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    # libpq reports a lost or refused connection without any SQLSTATE
    fallback = _UNREACHABLE if not sqlstate else _OTHER
    advice = next((advice for prefix, advice in _ADVICE if sqlstate.startswith(prefix)), fallback)
    return PostgresFailed(store, asked, reason, advice, sqlstate)
