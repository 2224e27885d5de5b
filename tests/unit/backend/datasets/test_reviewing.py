"""What people do with doubtful texts, over in-memory stores."""

import subprocess
import sys

import pytest

from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import QualityPipeline
from backend.datasets.reviewing import ReviewDesk, RulingOrder, SectionNotFound
from shared.database.review_store import ReviewNotFound
from shared.database.stores import Stores, memory_stores
from shared.models.review import Doubt, ReviewState, text_key_of
from shared.models.users import Principal, Role
from tests.support.store_values import a_document, an_audit

ANNA = Principal("anna", "anna@amt.example", frozenset({Role.ANALYST}))
KEEP = RulingOrder(ReviewState.KEPT, ANNA, "gehört dazu", "req-7")
REJECT = RulingOrder(ReviewState.REJECTED, ANNA)


@pytest.fixture
def stores() -> Stores:
    stores = memory_stores()
    stores.documents.put_many([a_document("hund.md")])
    return stores


@pytest.fixture
def desk(stores: Stores) -> ReviewDesk:
    return ReviewDesk(stores.documents, stores.reviews, QualityPipeline)


@pytest.fixture
def section_id(stores: Stores) -> str:
    (document,) = stores.documents.page().items
    return f"{document.document_id}:1:1"


def doubted(stores: Stores, section_id: str, key: str = "k1") -> str:
    doubt = Doubt(key, section_id, section_id.split(":")[0], 0.4, ("digit_share",), "legal-de-2+0")
    stores.reviews.doubt([doubt], run_id="r1")
    return key


def test_a_doubt_is_shown_with_the_text_that_was_judged(desk: ReviewDesk, stores: Stores, section_id: str) -> None:
    doubted(stores, section_id)

    page = desk.page(state=ReviewState.OPEN, reason="digit_share", limit=10, after=None)

    assert (page.total, page.next_after) == (1, None)
    (shown,) = page.items
    assert shown.section is not None
    assert (shown.section.section.number, shown.text) == ("§ 2", "hund.md v1 Absatz 1 über Gebühren")
    assert desk.get("k1") == shown


def test_a_ruling_outlives_its_document_without_its_text_and_its_note(
    desk: ReviewDesk, stores: Stores, section_id: str
) -> None:
    desk.rule(doubted(stores, section_id), KEEP)
    stores.documents.erase(section_id.split(":")[0], audit=an_audit())

    (shown,) = desk.page(state=ReviewState.KEPT, reason=None, limit=10, after=None).items

    assert (shown.section, shown.text) == (None, None)
    assert shown.review.ruling is not None
    assert shown.review.ruling.note == ""


def test_a_ruling_is_in_the_audit_log_with_who_and_the_request(
    desk: ReviewDesk, stores: Stores, section_id: str
) -> None:
    ruled = desk.rule(doubted(stores, section_id), KEEP)

    assert ruled.review.state is ReviewState.KEPT
    assert ruled.review.ruling is not None
    assert ruled.review.ruling.note == "gehört dazu"
    ((_, entry),) = stores.audit.page(object_id="k1")
    assert (entry.action, entry.actor, entry.request_id) == ("quality.ruled", "anna@amt.example", "req-7")
    assert entry.detail == {"subject": "anna", "state": "kept", "section_id": section_id}


def test_a_later_ruling_replaces_an_earlier_one(desk: ReviewDesk, stores: Stores, section_id: str) -> None:
    key = doubted(stores, section_id)
    desk.rule(key, KEEP)

    assert desk.rule(key, REJECT).review.state is ReviewState.REJECTED
    assert desk.page(state=ReviewState.KEPT, reason=None, limit=10, after=None).total == 0


def test_a_section_that_nobody_doubted_is_judged_and_ruled_on(
    desk: ReviewDesk, stores: Stores, section_id: str
) -> None:
    ruled = desk.rule_section(section_id, REJECT)

    text = normalise(stores.documents.sections_by_id([section_id])[section_id].section.text)
    judged = QualityPipeline().assess(text)
    doubt = ruled.review.doubt
    assert (doubt.text_key, doubt.section_id) == (text_key_of(text), section_id)
    assert (doubt.score, doubt.reasons, doubt.profile_version) == (
        judged.score,
        judged.reasons,
        judged.profile_version,
    )
    assert stores.reviews.rulings([doubt.text_key]) == {doubt.text_key: ReviewState.REJECTED}


def test_what_nobody_knows_is_not_found(desk: ReviewDesk) -> None:
    with pytest.raises(ReviewNotFound):
        desk.get("nope")
    with pytest.raises(ReviewNotFound):
        desk.rule("nope", KEEP)
    for unknown in ("nope", "doc_1:1:0"):
        with pytest.raises(SectionNotFound, match="clara quality explain"):
            desk.rule_section(unknown, KEEP)


def test_a_desk_that_nobody_asks_to_judge_does_without_numpy() -> None:
    script = (
        "import sys, backend.datasets.app\n"
        "from backend.datasets.quality.pipeline import QualityPipeline\n"
        "from backend.datasets.reviewing import ReviewDesk\n"
        "from shared.database.stores import memory_stores\n"
        "from shared.models.review import ReviewState\n"
        "stores = memory_stores()\n"
        "desk = ReviewDesk(stores.documents, stores.reviews, QualityPipeline)\n"
        "desk.page(state=ReviewState.OPEN, reason=None, limit=5, after=None)\n"
        "print('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
