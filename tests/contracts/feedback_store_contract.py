"""What every `FeedbackStore` must do, whatever it stores in."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.database.base import FeedbackNotFound
from shared.database.stores import Stores
from shared.models.feedback import FeedbackFilter, FeedbackItem, FeedbackState
from shared.models.targets import target_of
from tests.support.store_values import START, an_audit, some_feedback

AUDIT = an_audit("feedback.given", "feedback", "fb")


def _added(stores: Stores, *items: FeedbackItem) -> list[FeedbackItem]:
    return [answer.item for answer in stores.feedback.add(items, audit=AUDIT)]


def _mixed() -> list[FeedbackItem]:
    """One item of each kind that matters for targets and filters."""
    rejected = {"state": FeedbackState.REJECTED, "reason": "too_short"}
    return [
        some_feedback(1),
        some_feedback(2, score=0.5, source="review"),
        some_feedback(3, score=0.49),
        some_feedback(4, score=-1.0),
        some_feedback(5, score=-1.0, correction="Die Gebühr beträgt 7 Euro.", adapter_id="adp_1"),
        some_feedback(6, **rejected),
        some_feedback(7, correction="?", **rejected),
    ]


def _ids(items: Iterable[FeedbackItem]) -> list[str]:
    return [item.feedback_id for item in items]


class FeedbackStoreContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    def test_an_item_is_read_as_it_was_given_with_a_number(self, stores: Stores) -> None:
        given = some_feedback(
            1, correction="Sieben Euro.", score=-0.25, importance=5, adapter_id="adp_1", answer="Grüße 🙂\n§ 3"
        )

        (answer,) = stores.feedback.add([given], audit=AUDIT)

        assert not answer.is_duplicate
        assert answer.item.seq > 0
        assert replace(answer.item, seq=0) == given
        assert stores.feedback.get(given.feedback_id) == answer.item
        ((_, entry),) = stores.audit.page(object_id="fb")
        assert entry.action == "feedback.given"

    def test_numbers_grow_in_the_order_given(self, stores: Stores) -> None:
        items = _added(stores, *(some_feedback(number) for number in range(20)))
        more = _added(stores, some_feedback(99))

        numbers = [item.seq for item in [*items, *more]]
        assert numbers == sorted(set(numbers))
        assert stores.feedback.newest_seq() == numbers[-1]

    def test_the_same_texts_are_stored_once_however_they_are_spaced_and_scored(self, stores: Stores) -> None:
        first = some_feedback(1, prompt="Wo  ist das\nAmt?", answer="Im  Rathaus", score=1.0)
        again = some_feedback(2, prompt=" Wo ist das Amt? ", answer="Im Rathaus", score=-1.0)
        other = some_feedback(3, prompt="Wo ist das Amt?", answer="Im Rathaus", correction="Im Kreishaus")

        answers = stores.feedback.add([first, again, other, other], audit=AUDIT)
        later = stores.feedback.add([replace(again, feedback_id="fb_later")], audit=AUDIT)

        assert [answer.is_duplicate for answer in [*answers, *later]] == [False, True, False, True, True]
        assert _ids(answer.item for answer in answers) == _ids([first, first, other, other])
        assert later[0].item == answers[0].item
        assert later[0].item.score == 1.0
        assert stores.feedback.page().total == 2
        # nothing was stored by the second call
        assert len(stores.audit.page(object_id="fb")) == 1

    def test_of_many_who_give_the_same_at_once_one_stores_it(self, stores: Stores) -> None:
        def give(_: int) -> list[bool]:
            items = [some_feedback(number) for number in range(5)]
            return [answer.is_duplicate for answer in stores.feedback.add(items, audit=AUDIT)]

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(give, range(8)))

        assert sum(not is_duplicate for answer in answers for is_duplicate in answer) == 5
        assert stores.feedback.page().total == 5

    def test_nothing_appears_below_a_number_that_was_seen(self, stores: Stores) -> None:
        def give(writer: int) -> None:
            for number in range(5):
                stores.feedback.add([some_feedback(100 * writer + number)], audit=AUDIT)

        seen: list[list[str]] = []
        with ThreadPoolExecutor(4) as pool:
            writing = [pool.submit(give, writer) for writer in range(1, 5)]
            while not all(one.done() for one in writing):
                seen.append(_ids(stores.feedback.targets(min_score=0.5)))
            for one in writing:
                one.result()
        final = _ids(stores.feedback.targets(min_score=0.5))

        assert len(final) == 20
        assert all(final[: len(part)] == part for part in seen)

    def test_targets_are_those_that_the_rule_finds(self, stores: Stores) -> None:
        items = _added(stores, *_mixed())

        for min_score in (0.5, 0.0, 1.0):
            wanted = [item for item in items if target_of(item, min_score=min_score) is not None]
            assert list(stores.feedback.targets(min_score=min_score)) == wanted
            assert stores.feedback.count_targets(min_score=min_score) == len(wanted)

    def test_targets_come_in_order_between_two_numbers(self, stores: Stores) -> None:
        items = _added(stores, *(some_feedback(number) for number in range(9)))
        after, until = items[2].seq, items[6].seq

        assert list(stores.feedback.targets(min_score=0.5, after=after, until=until)) == items[3:7]
        assert list(stores.feedback.targets(min_score=0.5, after=after, until=until, limit=2)) == items[3:5]
        assert stores.feedback.count_targets(min_score=0.5, after=after, until=until) == 4
        assert stores.feedback.count_targets(min_score=0.5, after=until) == 2

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            ({}, [7, 6, 5, 4, 3, 2, 1]),
            ({"state": FeedbackState.REJECTED}, [7, 6]),
            ({"source": "review"}, [2]),
            ({"min_score": 0.5, "state": FeedbackState.ACCEPTED}, [2, 1]),
            ({"max_score": 0.49}, [5, 4, 3]),
            ({"has_correction": True}, [7, 5]),
            ({"has_correction": False, "max_score": 0.0}, [4]),
            ({"adapter_id": "adp_1"}, [5]),
            ({"since": START + timedelta(seconds=6)}, [7, 6]),
            ({"source": "nobody"}, []),
        ],
    )
    def test_filters_narrow_a_list_that_is_newest_first(
        self, stores: Stores, asked: dict[str, Any], found: list[int]
    ) -> None:
        items = _added(stores, *_mixed())

        page = stores.feedback.page(FeedbackFilter(**asked))

        assert list(page.items) == [items[number - 1] for number in found]
        assert (page.total, page.next_after) == (len(found), None)

    def test_pages_follow_each_other_while_items_are_added(self, stores: Stores) -> None:
        items = _added(stores, *(some_feedback(number) for number in range(5)))

        first = stores.feedback.page(limit=2)
        _added(stores, some_feedback(50))
        second = stores.feedback.page(limit=2, after=first.next_after)
        third = stores.feedback.page(limit=2, after=second.next_after)

        assert [*first.items, *second.items, *third.items] == items[::-1]
        assert (third.total, third.next_after) == (6, None)

    def test_unknown_ids_are_not_found_and_an_empty_store_is_empty(self, stores: Stores) -> None:
        with pytest.raises(FeedbackNotFound, match="clara feedback list"):
            stores.feedback.get("fb_0")
        with pytest.raises(FeedbackNotFound):
            stores.feedback.page(after="fb_0")
        assert (stores.feedback.newest_seq(), stores.feedback.count_targets(min_score=0.0)) == (0, 0)
        assert list(stores.feedback.add([], audit=AUDIT)) == []
