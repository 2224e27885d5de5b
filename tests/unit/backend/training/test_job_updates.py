"""What a client reads has the shape of the contract, whatever a trainer reported."""

import json

from backend.common.feed.updates import Delivery
from backend.training.job_updates import update_of
from shared.models.events import EventType, JobEvent
from shared.utils.clock import utc_now


def an_event(kind: EventType = EventType.MESSAGE, **payload: object) -> JobEvent:
    return JobEvent("job_1", 7, kind, payload, utc_now())


def test_an_update_has_the_shape_of_the_contract() -> None:
    update = update_of(an_event(status="running", progress_percent=1.0, current_step=2, plan={"records": 3}))
    message = json.loads(update.text)
    assert list(message) == [
        "type",
        "event",
        "job_id",
        "status",
        "progress_percent",
        "current_step",
        "detail",
        "timestamp",
        "seq",
    ]
    assert (message["type"], message["event"], message["job_id"], message["seq"]) == (
        "job_update",
        "message",
        "job_1",
        7,
    )
    assert message["detail"] == {"plan": {"records": 3}}
    assert message["timestamp"].endswith("Z")


def test_an_update_after_skipped_ones_says_how_many() -> None:
    update = update_of(an_event(status="running"))
    assert "skipped" not in json.loads(Delivery(update).text)
    assert json.loads(Delivery(update, skipped=3).text) == {**json.loads(update.text), "skipped": 3}


def test_only_a_terminal_status_ends_a_job() -> None:
    ending = [
        update_of(an_event(kind, status=status)).is_last
        for kind, status in (
            (EventType.STATUS, "completed"),
            (EventType.STATUS, "cancelled"),
            (EventType.STATUS, "running"),
            (EventType.STEP, "failed"),
        )
    ]
    assert ending == [True, True, False, False]


def test_half_a_surrogate_pair_does_not_break_the_connection() -> None:
    update = update_of(an_event(status="running", message="caf\ud83d"))
    assert json.loads(update.text.encode("utf-8"))["detail"] == {"message": "caf\ud83d"}
