"""Refused calls and failed logins for the audit log: every one is counted, and no flood of them fills a disk.

What is alike (who, from where, what, why) is one entry with a count per flush. Single entries come out of a budget that
grows by `ENTRIES_PER_MINUTE`; what is beyond it, or beyond what is kept in memory, is one entry that says how many.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import HTTPConnection

from shared.auth.models import Unauthenticated
from shared.errors import NotPermitted
from shared.models.events import AuditEntry
from shared.models.storable_text import storable
from shared.utils.log_context import PRINCIPAL, caller_address, context_fields, correlation_id

ENTRIES_PER_MINUTE = 10.0
_MOST_KEPT = 256
_LONGEST_PATH = 200
_UNKNOWN = "unknown"

LOGIN_FAILED = "auth.refused"
CALL_REFUSED = "call.refused"


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What makes two refusals alike."""

    action: str
    actor: str
    address: str | None
    call: str
    reason: str


class RefusalLog:
    """Refusals of one service since the last flush; safe to use from several threads.

    Args:
        monotonic: Seconds that never jump.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: dict[_Refusal, tuple[int, str | None]] = {}
        self._beyond = 0
        self._budget = ENTRIES_PER_MINUTE
        self._filled_at = monotonic()

    def note(self, connection: HTTPConnection, error: NotPermitted) -> None:
        """Count a refusal of the request (or handshake) that is being answered."""
        refusal = _Refusal(
            action=LOGIN_FAILED if isinstance(error, Unauthenticated) else CALL_REFUSED,
            actor=context_fields().get(PRINCIPAL, _UNKNOWN),
            address=caller_address(),
            call=f"{connection.scope.get('method', 'WEBSOCKET')} {_route(connection)}",
            reason=error.reason if isinstance(error, Unauthenticated) else error.code,
        )
        with self._lock:
            if refusal in self._kept:
                count, request_id = self._kept[refusal]
                self._kept[refusal] = count + 1, request_id
            elif len(self._kept) < _MOST_KEPT:
                self._kept[refusal] = 1, correlation_id()
            else:
                self._beyond += 1

    def take(self) -> list[AuditEntry]:
        """Entries for all that was counted since the last call."""
        with self._lock:
            kept, self._kept = self._kept, {}
            beyond, self._beyond = self._beyond, 0
            single = self._spend(len(kept))
        # those that happened most often are told singly
        ordered = sorted(kept.items(), key=lambda item: -item[1][0])
        entries = [_entry(refusal, count, request_id) for refusal, (count, request_id) in ordered[:single]]
        rest = beyond + sum(count for _, (count, _) in ordered[single:])
        return [*entries, _summary(rest)] if rest else entries

    def _spend(self, wanted: int) -> int:
        now = self._monotonic()
        grown = (now - self._filled_at) / 60 * ENTRIES_PER_MINUTE
        self._budget, self._filled_at = min(ENTRIES_PER_MINUTE, self._budget + grown), now
        spent = min(wanted, int(self._budget))
        self._budget -= spent
        return spent


def note_refusal(connection: HTTPConnection, error: Exception, status: int) -> None:
    """Count an answer of 401 or 403 for the audit log of the service, if it keeps one."""
    refusals = getattr(connection.scope["app"].state, "refusals", None)
    if refusals is not None and status in _REFUSED and isinstance(error, NotPermitted):
        refusals.note(connection, error)


_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


def _route(connection: HTTPConnection) -> str:
    """The template of the route, so that ids in paths do not make every call another one."""
    path: str = getattr(connection.scope.get("route"), "path", "") or connection.scope["path"]
    # strangers write it, and what no database stores would keep every later refusal from being written
    return str(storable(path[:_LONGEST_PATH]))[:_LONGEST_PATH]


def _entry(refusal: _Refusal, count: int, request_id: str | None) -> AuditEntry:
    detail: Mapping[str, object] = {"reason": refusal.reason, "count": count}
    return AuditEntry(
        action=refusal.action,
        object_type="route",
        object_id=refusal.call,
        actor=refusal.actor,
        outcome="refused",
        detail=detail,
        request_id=request_id,
        address=refusal.address,
    )


def _summary(count: int) -> AuditEntry:
    detail = {"reason": "too many to be told one by one", "count": count}
    return AuditEntry(CALL_REFUSED, "route", "several", _UNKNOWN, "refused", detail)
