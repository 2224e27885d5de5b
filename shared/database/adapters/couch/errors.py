"""How a CouchDB can fail us: not there, not letting us, or answering with an error."""

from collections.abc import Mapping
from typing import Any

from shared.errors import Unavailable

_DO_ASK = "Check that it runs and that the configured URL is right."
_DO_LOG_IN = "Check the configured user and password, and that the user is a member of the database."
_DO_PERMIT = "Give the configured user the right to do so: see `_security` of the database and its design documents."
_DO_LOOK = "Its log says more; retry when it is well again."
_LONGEST_REASON = 200


class CouchFailed(Unavailable):
    """The server answered that it cannot, or with something that no CouchDB says."""

    code = "couchdb_failed"

    def __init__(self, place: str, found: str, advice: str = _DO_LOOK) -> None:
        super().__init__(f"The CouchDB {place} {found}. {advice}", place=place, reason=found)


class CouchUnreachable(CouchFailed):
    """Nothing answers, or not in time."""

    code = "couchdb_unreachable"

    def __init__(self, place: str, found: str) -> None:
        super().__init__(place, found, _DO_ASK)


class CouchLate(CouchUnreachable):
    """Somebody is there, or a network that swallows everything, but no answer came in time."""

    code = "couchdb_late"

    def __init__(self, place: str, asked: str, within_s: float) -> None:
        super().__init__(place, f"was asked to {asked} and gave no answer within {within_s:g} s")


class CouchRefused(CouchFailed):
    """The login is wrong, or the user may not do what was asked."""

    code = "couchdb_refused"


class CouchDatabaseMissing(CouchFailed):
    """The server has no database of this name."""

    code = "couchdb_database_missing"

    def __init__(self, place: str) -> None:
        super().__init__(place, "is not there: the server has no database of this name", _DO_ASK)


class CouchMissing(CouchFailed):
    """The database is there, but not the document or the index that was asked for."""

    code = "couchdb_missing"


def refusal(place: str, user: str, *, asked: str, status: int, answer: Any) -> CouchFailed:
    """The error for an answer with a status of 400 or more, or for a row of such a kind.

    Args:
        place: Where, without credentials.
        user: Who we said we are; empty for nobody.
        asked: What was asked, as verb and object ("write documents").
        status: Of HTTP.
        answer: The decoded body, `{"error": …, "reason": …}` where all is well.
    """
    who = f"the user '{user}'" if user else "a user without name"
    reason = _reason(answer)
    if status == 401:
        return CouchRefused(place, f"does not let {who} in (asked to {asked}: {reason})", _DO_LOG_IN)
    if status == 403:
        return CouchRefused(place, f"does not permit {who} to {asked}: {reason}", _DO_PERMIT)
    if status == 404 and reason in _NO_DATABASE:
        return CouchDatabaseMissing(place)
    if status == 404:
        return CouchMissing(place, f"was asked to {asked} and has none: {reason}")
    return CouchFailed(place, f"was asked to {asked} and answered {status}: {reason}")


# "no_db_file" is what pouchdb-server and CouchDB 1 say
_NO_DATABASE = ("Database does not exist.", "no_db_file")


def _reason(answer: Any) -> str:
    if not isinstance(answer, Mapping):
        return "no reason given"
    return str(answer.get("reason") or answer.get("error") or "no reason given")[:_LONGEST_REASON]
