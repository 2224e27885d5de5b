"""Asking stores at the same time."""

import threading
import time
from collections.abc import Iterator, Mapping

import pytest

from shared.database.search_store import DocumentChange, Question, RankedSection
from shared.database.uds3.breaker import Breaker
from shared.database.uds3.fan_out import Answers, FanOut
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.support.memory_search_store import MemorySearchStore
from tests.support.search import BrokenSearchStore, a_change

K, V, C = RankedList.KEYWORD, RankedList.VECTOR, RankedList.CITATION


def filled(name: str = "memory", *changes: DocumentChange) -> MemorySearchStore:
    """A store that holds these documents."""
    store = MemorySearchStore(name, [K])
    store.rebuild(changes or [a_change("doc_a", "Hund")])
    return store


class HangingStore(MemorySearchStore):
    """A store that answers when it is let go."""

    def __init__(self, name: str = "hanging") -> None:
        super().__init__(name, [K])
        self.let_go = threading.Event()
        self.asked = 0

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        self.asked += 1
        self.let_go.wait(60)
        yield from ()


def ask(fan_out: FanOut, *lists: RankedList, timeout_s: float = 20.0) -> Answers:
    """Ask for lists with a question about dogs."""
    wanted: Mapping[RankedList, int] = dict.fromkeys(lists, 10)
    return fan_out.ask(wanted, lambda _: Question("Hund"), window=10, timeout_s=timeout_s)


def places(answers: Answers) -> list[tuple[RankedList, str, int]]:
    """List, store and number of hits of every ranking."""
    return [(ranking.of, ranking.store, len(ranking.head)) for ranking in answers.rankings]


def test_the_first_store_that_answers_counts() -> None:
    answers = ask(FanOut([filled("one"), filled("two")]), K)

    assert (places(answers), dict(answers.failures)) == ([(K, "one", 1)], {})


def test_where_the_first_fails_the_next_answers_and_the_first_is_named() -> None:
    answers = ask(FanOut([BrokenSearchStore(), filled()]), K)

    assert (places(answers), dict(answers.failures)) == ([(K, "memory", 1)], {"broken": "connection refused"})


def test_an_empty_answer_is_an_answer() -> None:
    answers = ask(FanOut([filled("one", a_change("doc_a", "Katze"))]), K)

    assert places(answers) == [(K, "one", 0)]


def test_databases_of_others_are_asked_beside_ours() -> None:
    answers = ask(FanOut([filled("ours")], [filled("theirs"), BrokenSearchStore("away")]), K)

    assert places(answers) == [(K, "ours", 1), (K, "theirs", 1)]
    assert dict(answers.failures) == {"away": "connection refused"}


def test_a_list_that_nobody_offers_is_nobodys_failure() -> None:
    fan_out = FanOut([filled()])

    assert (fan_out.offers(K), fan_out.offers(V)) == (True, False)
    assert ask(fan_out, V) == Answers([], {})


def test_a_question_that_cannot_be_made_is_named_by_its_list() -> None:
    def no_embedding(_: RankedList) -> Question:
        raise Unavailable("the endpoint is away")

    answers = FanOut([filled()]).ask({K: 10}, no_embedding, window=10, timeout_s=2.0)

    assert (answers.rankings, dict(answers.failures)) == ([], {"keyword": "the endpoint is away"})


def test_a_store_that_hangs_is_left_behind_named_and_left_alone_next_time() -> None:
    hanging = HangingStore()
    fan_out = FanOut([hanging], [filled()])
    started = time.monotonic()
    first = ask(fan_out, K, timeout_s=1.0)
    second = ask(fan_out, K, timeout_s=30.0)
    took_s = time.monotonic() - started
    hanging.let_go.set()
    fan_out.close()

    assert places(first) == places(second) == [(K, "memory", 1)]
    assert "no answer within 1.0 s" in first.failures["hanging"]
    assert "no answer within 1.0 s" in second.failures["hanging"]
    assert (hanging.asked, took_s < 20.0) == (1, True)


def test_a_store_that_failed_is_asked_again_after_its_pause_or_when_a_check_succeeded() -> None:
    fan_out = FanOut([BrokenSearchStore(), filled()], breaker=lambda: Breaker(pause_s=60))
    ask(fan_out, K)
    fan_out._stores[0].rank = filled("broken").rank  # type: ignore[method-assign]  # it has come back

    assert places(ask(fan_out, K)) == [(K, "memory", 1)]
    fan_out._stores[0].check = lambda: "ok"  # type: ignore[method-assign]  # and says so
    assert fan_out.check_all() == {"broken": "ok", "memory": "ok"}
    assert places(ask(fan_out, K)) == [(K, "broken", 1)]


def test_a_store_that_was_not_built_yet_is_asked_every_time() -> None:
    store = MemorySearchStore(lists=[K])
    fan_out = FanOut([store])
    assert "not been built" in ask(fan_out, K).failures["memory"]

    store.rebuild([a_change("doc_a", "Hund")])

    assert places(ask(fan_out, K)) == [(K, "memory", 1)]


def test_an_error_that_is_no_outage_is_not_swallowed() -> None:
    class Wrong(BrokenSearchStore):
        def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(FanOut([Wrong()]), K)


def test_a_check_that_hangs_is_told_as_such() -> None:
    class Silent(BrokenSearchStore):
        let_go = threading.Event()

        def check(self) -> str:
            self.let_go.wait(60)
            return "ok"

    fan_out = FanOut([Silent("silent"), filled(), BrokenSearchStore()])
    answers = fan_out.check_all(timeout_s=1.0)
    Silent.let_go.set()
    fan_out.close()

    assert answers == {"silent": "It gave no answer within 1.0 s.", "memory": "ok", "broken": "connection refused"}


def test_what_is_near_by_chance_is_not_found() -> None:
    class Near(MemorySearchStore):
        def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
            for number, cosine in enumerate((0.9, 0.3, 0.19, -0.3)):
                yield RankedSection(f"doc_a:1:{number}", "doc_a", 1, cosine)

    assert places(ask(FanOut([Near("near", [V])]), V)) == [(V, "near", 2)]


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="same name"):
        FanOut([filled("x")], [filled("x")])
