"""What can go wrong with a Bolt server, in words that say what to do."""

from contextlib import suppress
from urllib.parse import urlsplit

from shared.errors import Unavailable
from shared.outgoing import AddressRefused

_MISSING_DRIVER = "the driver is not installed; install CLARA with the extra 'neo4j'"
_REASONS = {
    "Neo.ClientError.Security.Unauthorized": "it refuses the user name or the password; check both in the settings",
    "Neo.ClientError.Security.AuthenticationRateLimit": "it has seen too many wrong passwords; wait, and check it",
    "Neo.ClientError.Security.CredentialsExpired": "the password has expired; set a new one in Neo4j",
    "Neo.ClientError.Security.Forbidden": "the user may not do that; give it the right in Neo4j",
    "Neo.ClientError.Database.DatabaseNotFound": "it has no database of that name; check the name in the settings",
    "Neo.TransientError.General.DatabaseUnavailable": "the database is stopped or starting; start it in Neo4j",
    "Neo.ClientError.General.WriteOnReadOnlyAccessDatabase": "the database is read-only; allow writing in Neo4j",
    "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase": "the database is read-only; allow writing in Neo4j",
    "Neo.ClientError.Cluster.NotALeader": "this member of the cluster takes no writes; use a neo4j:// address",
    "Neo.ClientError.Transaction.TransactionTimedOut": "it did not finish in time and gave up",
    "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration": "it did not finish in time and gave up",
    "Neo.ClientError.Statement.AccessMode": "the connection may only read",
}


class Neo4jFailed(Unavailable):
    """The Bolt server of a graph store cannot be reached, or does not do what it is asked."""

    code = "neo4j_failed"

    def __init__(self, store: str, uri: str, database: str | None, reason: str) -> None:
        where = f"{address_of(uri)}, database {database!r}" if database else address_of(uri)
        super().__init__(
            f"The graph store '{store}' ({where}) cannot serve: {reason}. Searches go on without it.",
            store=store,
            reason=reason,
        )


class NoBoltAddress(Exception):
    """A URI that the driver takes for something else or for nothing."""


def driver_errors() -> tuple[type[Exception], ...]:
    """What a call of the driver may raise because of the server, the network or the settings."""
    common: tuple[type[Exception], ...] = (OSError, TimeoutError, ImportError, NoBoltAddress)
    with suppress(ImportError):
        from neo4j.exceptions import DriverError, Neo4jError

        return (Neo4jError, DriverError, *common)
    return common


def address_of(uri: str) -> str:
    """Host and port of a URI; what else it may hold is nobody's business."""
    host = urlsplit(uri).netloc.rpartition("@")[2]
    return host or "no address"


def reason_of(error: BaseException, timeout_s: float) -> str:
    """Why a call failed, without a word of what it carried."""
    code = getattr(error, "code", None)
    if isinstance(code, str):
        return _REASONS.get(code, f"it answered {code}")
    if isinstance(error, ImportError):
        return _MISSING_DRIVER
    if isinstance(error, TimeoutError):
        return f"it did not answer within {timeout_s:g} s"
    if (refused := _refused(error)) is not None:
        return f"its address is not allowed ({refused.message.rstrip('.')})"
    name = type(error).__name__
    if name in ("ServiceUnavailable", "SessionExpired", "IncompleteCommit") or isinstance(error, OSError):
        return "no server answers there; start it, or check the address in the settings"
    if name == "BoltSecurityError":
        return "no encrypted connection came about; check the certificate, and the scheme of the address"
    if isinstance(error, NoBoltAddress) or name == "ConfigurationError":
        return "the address in the settings is none; it reads like bolt://host:7687"
    return f"the driver failed with {name}"


def _refused(error: BaseException) -> AddressRefused | None:
    """Why we did not connect, where that is what the driver makes an error of its own of."""
    at: BaseException | None = error
    while at is not None:
        if isinstance(at, AddressRefused):
            return at
        at = at.__cause__ or at.__context__
    return None
