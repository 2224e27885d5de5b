"""The search of the services under test: lists one by one, weights, and stores that fail."""

from collections.abc import Iterator, Sequence

import pytest

from backend.datasets.search_evaluation.searchers import ClientSearcher, EvaluationTruth, SearchDegraded, fill_from
from shared.database.search_store import DocumentChange, HeldDocument, Question, RankedSection
from shared.database.uds3_client import Uds3Client
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.support.search_questions import LAWS

KEYWORD, COMPOUND, GRAPH = RankedList.KEYWORD, RankedList.COMPOUND, RankedList.GRAPH


class FixedStore:
    """Answers what it was given, keeps what it is fed, and fails as often as it is told."""

    name = "fixed"
    takes_vectors = False

    def __init__(self, answers: dict[RankedList, Sequence[str]], *, failures: int = 0) -> None:
        self.lists = frozenset((*answers, GRAPH))
        self.answers = answers
        self.failures = failures
        self.fed: list[DocumentChange] = []
        self.seeds: list[str] = []

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        if self.failures:
            self.failures -= 1
            raise Unavailable("the server hiccups")
        if wanted is GRAPH:
            self.seeds = [seed.section_id for seed in question.seeds]
        for section_id in self.answers.get(wanted, ["around:1:0"])[:top_k]:
            yield RankedSection(section_id, section_id.split(":")[0], 1, 1.0)

    def apply_many(self, changes: Sequence[DocumentChange]) -> int:
        return len(changes)

    def rebuild(self, changes: Iterator[DocumentChange]) -> int:
        self.fed = list(changes)
        return len(self.fed)

    def held(self) -> Iterator[HeldDocument]:
        return iter(())

    def forget(self, document_ids: Sequence[str]) -> None:
        """Nothing is held."""

    def check(self) -> str:
        return "ok"

    def close(self) -> None:
        """Nothing to give back."""


def searcher(store: FixedStore, **weights: float) -> ClientSearcher:
    truth = EvaluationTruth()
    client = Uds3Client(truth, [store])
    listed = {RankedList(name): weight for name, weight in weights.items()}
    return ClientSearcher(client, fill_from(truth, client), weights=listed, described={"store": "fixed"})


ANSWERS: dict[RankedList, Sequence[str]] = {KEYWORD: ["a:1:0", "b:1:0"], COMPOUND: ["b:1:0", "c:1:0"]}


def test_the_documents_of_an_evaluation_are_fed_and_their_sections_counted() -> None:
    store = FixedStore(ANSWERS)
    assert searcher(store).index(LAWS.documents) == 64
    assert [change.document_id for change in store.fed] == [change.document_id for change in LAWS.documents()]


def test_only_the_lists_that_are_asked_count() -> None:
    under_test = searcher(FixedStore(ANSWERS))
    assert under_test.lists == (KEYWORD, COMPOUND, GRAPH)
    assert under_test.ask("?", [KEYWORD], top_k=10) == ["a:1:0", "b:1:0"]
    assert under_test.ask("?", [COMPOUND], top_k=10) == ["b:1:0", "c:1:0"]
    assert under_test.ask("?", [KEYWORD, COMPOUND], top_k=2) == ["b:1:0", "c:1:0"]


def test_weights_replace_those_of_the_search() -> None:
    under_test = searcher(FixedStore({KEYWORD: ["a:1:0"], COMPOUND: ["c:1:0"]}), keyword=0.1, compound=5.0)
    assert under_test.ask("?", [KEYWORD, COMPOUND], top_k=10) == ["c:1:0", "a:1:0"]
    assert under_test.describe()["weights"]["compound"] == 5.0


def test_the_graph_alone_starts_at_what_words_find() -> None:
    store = FixedStore(ANSWERS)
    assert searcher(store).ask("?", [GRAPH], top_k=10) == ["around:1:0"]
    assert store.seeds == ["a:1:0", "b:1:0"]


def test_citations_alone_may_find_nothing() -> None:
    assert searcher(FixedStore({RankedList.CITATION: []})).ask("?", [RankedList.CITATION], top_k=10) == []


def test_a_store_that_hiccups_is_asked_again() -> None:
    store = FixedStore(ANSWERS, failures=1)
    assert searcher(store).ask("?", [KEYWORD, COMPOUND], top_k=2) == ["b:1:0", "c:1:0"]
    assert searcher(FixedStore(ANSWERS, failures=2)).ask("?", [KEYWORD], top_k=1) == ["a:1:0"]


def test_a_store_that_stays_away_ends_the_evaluation() -> None:
    with pytest.raises(SearchDegraded, match="fixed: the server hiccups"):
        searcher(FixedStore(ANSWERS, failures=1_000)).ask("?", [KEYWORD, COMPOUND], top_k=2)
