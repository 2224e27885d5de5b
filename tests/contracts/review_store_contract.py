"""What every `ReviewStore` must do, whatever it stores in."""

from typing import Any

import pytest

from shared.database.review_store import NoRuling, ReviewNotFound
from shared.database.stores import Stores
from shared.models.review import Doubt, ReviewState, Ruling
from tests.support.store_values import an_audit

KEPT = Ruling(ReviewState.KEPT, "anna@amt.example", "Gebührentabelle, gehört dazu. 🙂")
REJECTED = Ruling(ReviewState.REJECTED, "bernd@amt.example")
AUDIT = an_audit("quality.ruled", "section", "k1")


def a_doubt(number: int = 1, **changes: Any) -> Doubt:
    """A doubt about a text of its own; low numbers have low scores."""
    values: dict[str, Any] = {
        "text_key": f"k{number}",
        "section_id": f"doc_{number}:1:0",
        "document_id": f"doc_{number}",
        "score": number / 10,
        "reasons": ("many_digits", "few_letters"),
        "profile_version": "legal-de-1+0000",
    }
    return Doubt(**{**values, **changes})


def open_keys(stores: Stores, **wanted: Any) -> list[str]:
    return [each.doubt.text_key for each in stores.reviews.page(**wanted).items]


class ReviewStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_a_doubt_is_read_as_it_was_noted(self, stores: Stores) -> None:
        doubt = a_doubt(3, reasons=("few_stop_words", "ä„ß"))

        assert stores.reviews.doubt([doubt], run_id="r1") == 1

        review = stores.reviews.get("k3")
        assert (review.doubt, review.state, review.ruling, review.decided_at) == (doubt, ReviewState.OPEN, None, None)
        assert review.noted_at.tzinfo is not None

    def test_a_text_is_doubted_once_and_an_open_doubt_is_the_newest(self, stores: Stores) -> None:
        first, again = a_doubt(1), a_doubt(1, section_id="doc_9:2:4", score=0.6, reasons=("repetition",))

        assert stores.reviews.doubt([first, again, a_doubt(2)], run_id="r1") == 2
        assert stores.reviews.get("k1").doubt == first
        assert stores.reviews.doubt([again], run_id="r2") == 0
        assert stores.reviews.get("k1").doubt == again

    def test_nothing_doubted_is_nothing(self, stores: Stores) -> None:
        assert stores.reviews.doubt([], run_id="r1") == 0
        assert stores.reviews.settle("r1") == 0
        assert stores.reviews.page().total == 0

    def test_a_ruling_stays_whatever_later_runs_doubt(self, stores: Stores) -> None:
        stores.reviews.doubt([a_doubt(1)], run_id="r1")
        decided = stores.reviews.rule(a_doubt(1), KEPT, audit=AUDIT)

        assert stores.reviews.doubt([a_doubt(1, score=0.9)], run_id="r2") == 0
        assert stores.reviews.settle("r3") == 0

        assert stores.reviews.get("k1") == decided
        assert (decided.state, decided.ruling) == (ReviewState.KEPT, KEPT)
        assert decided.decided_at is not None
        ((_, entry),) = stores.audit.page(object_id="k1")
        assert entry.action == "quality.ruled"

    def test_a_later_ruling_replaces_an_earlier_one(self, stores: Stores) -> None:
        stores.reviews.rule(a_doubt(1), KEPT, audit=AUDIT)
        stores.reviews.rule(a_doubt(1), REJECTED, audit=AUDIT)

        assert stores.reviews.get("k1").ruling == REJECTED
        assert len(stores.audit.page(object_id="k1")) == 2

    def test_what_was_never_doubted_can_be_ruled_on(self, stores: Stores) -> None:
        stores.reviews.rule(a_doubt(7), REJECTED, audit=AUDIT)

        assert stores.reviews.get("k7").doubt == a_doubt(7)
        assert stores.reviews.rulings(["k7", "k8"]) == {"k7": ReviewState.REJECTED}

    def test_a_ruling_that_decides_nothing_is_refused(self, stores: Stores) -> None:
        with pytest.raises(NoRuling):
            stores.reviews.rule(a_doubt(1), Ruling(ReviewState.OPEN, "anna@amt.example"), audit=AUDIT)

        with pytest.raises(ReviewNotFound):
            stores.reviews.get("k1")

    def test_rulings_are_found_for_many_texts_at_once(self, stores: Stores) -> None:
        stores.reviews.doubt([a_doubt(number) for number in range(1300)], run_id="r1")
        stores.reviews.rule(a_doubt(3), KEPT, audit=AUDIT)
        stores.reviews.rule(a_doubt(1200), REJECTED, audit=AUDIT)

        found = stores.reviews.rulings([f"k{number}" for number in range(1400)])

        assert found == {"k3": ReviewState.KEPT, "k1200": ReviewState.REJECTED}
        assert stores.reviews.rulings([]) == {}

    def test_what_a_run_no_longer_doubts_leaves_the_list(self, stores: Stores) -> None:
        stores.reviews.doubt([a_doubt(1), a_doubt(2), a_doubt(3)], run_id="r1")
        stores.reviews.rule(a_doubt(3), KEPT, audit=AUDIT)
        stores.reviews.doubt([a_doubt(2), a_doubt(4)], run_id="r2")

        assert stores.reviews.settle("r2") == 1

        assert open_keys(stores) == ["k2", "k4"]
        assert stores.reviews.get("k3").state is ReviewState.KEPT

    def test_pages_begin_with_the_lowest_score_and_fit_together(self, stores: Stores) -> None:
        same = [a_doubt(number, score=0.5) for number in (8, 9)]
        stores.reviews.doubt([a_doubt(4), *same, a_doubt(1), a_doubt(2)], run_id="r1")

        first = stores.reviews.page(limit=3)
        second = stores.reviews.page(limit=3, after=first.next_after)

        assert [each.doubt.text_key for each in (*first.items, *second.items)] == ["k1", "k2", "k4", "k8", "k9"]
        assert (first.total, first.next_after, second.next_after) == (5, "k4", None)

    def test_pages_can_be_of_one_state_and_one_reason(self, stores: Stores) -> None:
        stores.reviews.doubt([a_doubt(1), a_doubt(2, reasons=("repetition", "many_digits")), a_doubt(3)], run_id="r1")
        stores.reviews.rule(a_doubt(3), KEPT, audit=AUDIT)

        assert open_keys(stores, reason="many_digits") == ["k1"]
        assert open_keys(stores, reason="repetition") == ["k2"]
        assert open_keys(stores, state=ReviewState.KEPT) == ["k3"]
        assert open_keys(stores, state=ReviewState.REJECTED) == []

    def test_a_cursor_that_names_nothing_is_refused(self, stores: Stores) -> None:
        with pytest.raises(ReviewNotFound, match="clara quality review"):
            stores.reviews.page(after="nobody")
