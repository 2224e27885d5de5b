import pytest
from starlette.requests import Request

from backend.common.refusals import ENTRIES_PER_MINUTE, RefusalLog
from shared.auth.models import RoleMissing, Unauthenticated
from shared.models.storable_text import is_storable
from shared.models.users import Principal, Role
from shared.utils.log_context import bound

MISSING = RoleMissing(Principal("s", "s@amt.example"), frozenset({Role.ADMIN}))


class Seconds:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def a_request(path: str = "/api/things") -> Request:
    return Request({"type": "http", "method": "GET", "path": path, "headers": []})


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def log(clock: Seconds) -> RefusalLog:
    return RefusalLog(clock)


def test_what_is_alike_is_one_entry_with_a_count(log: RefusalLog) -> None:
    with bound(principal="anna", correlation_id="req-1"):
        for _ in range(3):
            log.note(a_request(), MISSING)
    log.note(a_request(), Unauthenticated("expired"))

    refused, failed = log.take()

    assert (refused.action, refused.actor, refused.object_id) == ("call.refused", "anna", "GET /api/things")
    assert (refused.outcome, refused.detail, refused.request_id) == (
        "refused",
        {"reason": "role_missing", "count": 3},
        "req-1",
    )
    assert (failed.action, failed.actor, failed.detail) == (
        "auth.refused",
        "unknown",
        {"reason": "expired", "count": 1},
    )
    assert log.take() == []


def test_a_path_that_no_database_stores_is_written_out(log: RefusalLog) -> None:
    log.note(a_request("/x\x00y\ud800"), MISSING)
    log.note(a_request("/" + "\x00" * 60_000), MISSING)

    named = [entry.object_id for entry in log.take()]

    assert named[0] == "GET /x\\u0000y\\ud800"
    assert (is_storable(named[1]), len(named[1])) == (True, len("GET ") + 200)


def test_a_flood_writes_a_bounded_number_of_entries_and_loses_no_count(log: RefusalLog, clock: Seconds) -> None:
    told = entries = 0
    for second in range(600):
        clock.now = float(second)
        for number in range(40):
            log.note(a_request(f"/api/{second}/{number}"), Unauthenticated("no token"))
        if second % 10 == 9:
            taken = log.take()
            entries += len(taken)
            told += sum(int(entry.detail["count"]) for entry in taken)

    assert told == 600 * 40
    # ten minutes of single entries, what was saved up before, and one summary per flush
    assert entries <= 10 * ENTRIES_PER_MINUTE + ENTRIES_PER_MINUTE + 60


def test_memory_is_bounded_while_nobody_takes(log: RefusalLog) -> None:
    for number in range(5000):
        log.note(a_request(f"/{number}"), Unauthenticated("no token"))

    assert len(log._kept) <= 256
    assert sum(int(entry.detail["count"]) for entry in log.take()) == 5000


def test_those_that_happened_most_often_are_told_singly(log: RefusalLog) -> None:
    for number in range(50):
        for _ in range(number + 1):
            log.note(a_request(f"/{number}"), Unauthenticated("no token"))

    taken = log.take()

    assert [entry.object_id for entry in taken[:2]] == ["GET /49", "GET /48"]
    assert taken[-1].object_id == "several"
    assert len(taken) == ENTRIES_PER_MINUTE + 1
