"""The desk judges what comes in, and writes down who gave it."""

from pathlib import Path

import pytest

from backend.training.feedback.models import FeedbackRequest
from shared.database.base import AdapterNotFound
from shared.models.feedback import FeedbackFilter, FeedbackState
from tests.support.training_desk import TRAINER, Desk, a_published_adapter


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def asked(number: int = 1, **changes: object) -> FeedbackRequest:
    body = {"prompt": f"Frage {number}?", "answer": f"Antwort {number}.", "score": 1, **changes}
    return FeedbackRequest.model_validate(body)


def test_a_bad_item_is_kept_with_its_reason_beside_a_good_one(desk: Desk) -> None:
    good, bad = desk.feedback.give([asked(1), asked(2, answer=" ")], TRAINER)
    assert (good.item.state, good.item.reason) == (FeedbackState.ACCEPTED, None)
    assert (bad.item.state, bad.item.reason) == (FeedbackState.REJECTED, "answer_empty")
    assert desk.feedback.get(bad.item.feedback_id) == bad.item
    page = desk.feedback.page(FeedbackFilter(state=FeedbackState.REJECTED), limit=10, after=None)
    assert list(page.items) == [bad.item]


def test_one_entry_of_the_audit_log_says_who_gave_how_many(desk: Desk) -> None:
    first, _ = desk.feedback.give([asked(1), asked(2, answer=" ")], TRAINER, request_id="r1")
    ((_, entry),) = desk.stores.audit.page(object_id=first.item.feedback_id)
    assert (entry.action, entry.actor, entry.request_id) == ("feedback.given", TRAINER.email, "r1")
    assert (entry.detail["items"], entry.detail["rejected"]) == (2, 1)
    assert "Frage" not in str(entry)


def test_ratings_and_corrections_alone_have_a_score(desk: Desk) -> None:
    rated = asked(1, score=None, rating=2)
    corrected = asked(2, score=None, correction="Besser.")
    assert [one.item.score for one in desk.feedback.give([rated, corrected], TRAINER)] == [-0.5, 0.0]


def test_an_adapter_that_there_is_none_of_is_named_and_nothing_is_stored(desk: Desk) -> None:
    with pytest.raises(AdapterNotFound, match="adp_9"):
        desk.feedback.give([asked(1), asked(2, adapter_id="adp_9")], TRAINER)
    assert desk.stores.feedback.newest_seq() == 0
    adapter_id = a_published_adapter(desk).adapter_id
    (stored,) = desk.feedback.give([asked(1, adapter_id=adapter_id)], TRAINER)
    assert stored.item.adapter_id == adapter_id
