"""Feeding and asking the search stores."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from shared.database.embeddings.base import EmbeddingModel
from shared.database.search_store import DocumentChange, Question, RankedSection
from shared.database.stores import Stores, memory_stores
from shared.database.uds3_client import SearchPlan, SearchUnavailable, Uds3Client, UnknownSearchStore
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters, SearchLeg
from tests.support.memory_search_store import MemorySearchStore
from tests.support.search import DIMENSION, BrokenSearchStore, vector_of
from tests.support.store_values import a_document, an_audit

KEYWORD = [SearchLeg.KEYWORD]


class WordEmbedder:
    """Bags of words; implements `Embedder`."""

    model = EmbeddingModel("words", "1", DIMENSION)

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([vector_of(text) for text in texts], dtype=np.float32)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        return vector_of(text)


class GraphStore(MemorySearchStore):
    """Finds exactly the seeds it is given."""

    def __init__(self) -> None:
        super().__init__("graph", [RankedList.GRAPH])
        self.takes_vectors = False
        self.seeds: tuple[str, ...] = ()

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        self.seeds = tuple(seed.section_id for seed in question.seeds)
        for section_id in self.seeds:
            document_id, version, _ = section_id.split(":")
            yield RankedSection(section_id, document_id, int(version), 1.0)


@pytest.fixture
def stores() -> Stores:
    return memory_stores(derived_stores=("memory", "graph", "broken"))


@pytest.fixture
def store() -> MemorySearchStore:
    store = MemorySearchStore(lists=[RankedList.KEYWORD, RankedList.CITATION])
    store.takes_vectors = False
    return store


@pytest.fixture
def client(stores: Stores, store: MemorySearchStore) -> Uds3Client:
    return Uds3Client(stores.documents, [store])


def put(stores: Stores, *names: str, content: str = "v1") -> None:
    """Register documents of two sections each."""
    stores.documents.put_many([a_document(name, content=content) for name in names])


def hits(client: Uds3Client, query: str, plan: SearchPlan | None = None) -> list[str]:
    """Ids of the sections found."""
    return [hit.section_id for hit in client.search(query, plan or SearchPlan(100)).hits]


def held(store: MemorySearchStore) -> set[tuple[int, int]]:
    """Version and number of sections of what a store holds."""
    return {(each.version, each.section_count) for each in store.held()}


def test_a_store_that_was_never_built_is_built_even_without_documents(
    client: Uds3Client, store: MemorySearchStore
) -> None:
    assert client.drain() == 0

    assert client.status() == {"memory": "ok"}
    assert list(store.held()) == []


def test_what_is_registered_is_found_after_a_drain(client: Uds3Client, stores: Stores) -> None:
    client.drain()
    put(stores, "a.md", "b.md")

    assert client.drain_store("memory") == 2
    assert len(hits(client, "Gebühren")) == 4
    assert (client.drain(), stores.documents.outbox("memory")) == (0, [])


def test_documents_from_before_the_store_was_built_are_found_too(client: Uds3Client, stores: Stores) -> None:
    put(stores, "a.md", "b.md")

    assert client.drain() == 2
    assert len(hits(client, "Gebühren")) == 4
    assert list(stores.documents.outbox("memory")) == []


def test_a_drain_takes_no_more_than_it_was_told(client: Uds3Client, stores: Stores) -> None:
    client.drain()
    put(stores, *(f"{number}.md" for number in range(5)))

    assert [client.drain(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_only_the_newest_version_is_found(client: Uds3Client, stores: Stores, store: MemorySearchStore) -> None:
    client.drain()
    put(stores, "a.md")
    put(stores, "a.md", content="v2")

    assert client.drain() == 2
    assert held(store) == {(2, 2)}


def test_an_erased_document_leaves_the_stores(client: Uds3Client, stores: Stores, store: MemorySearchStore) -> None:
    put(stores, "a.md")
    client.drain()
    (document,) = stores.documents.page().items
    stores.documents.erase(document.document_id, audit=an_audit())

    assert client.drain() == 1
    assert hits(client, "Gebühren") == []
    assert [(each.version, each.is_erased) for each in store.held()] == [(2, True)]


class _Forgetful:
    """A document store whose acknowledgements get lost, as when the process dies between apply and acknowledge."""

    def __init__(self, stores: Stores) -> None:
        self._documents = stores.documents

    def __getattr__(self, name: str) -> object:
        return getattr(self._documents, name)

    def acknowledge(self, store: str, entry_ids: Sequence[int]) -> None:
        raise Unavailable("connection lost")


def test_a_crash_before_the_acknowledgement_repeats_and_changes_nothing(
    client: Uds3Client, stores: Stores, store: MemorySearchStore
) -> None:
    client.drain()
    put(stores, "a.md")
    with pytest.raises(Unavailable, match="connection lost"):
        Uds3Client(_Forgetful(stores), [store]).drain()  # type: ignore[arg-type]  # forwards all other methods

    assert client.drain() == 1
    assert held(store) == {(1, 2)}


def test_a_store_that_is_down_keeps_its_entries_and_holds_nobody_up(stores: Stores, store: MemorySearchStore) -> None:
    client = Uds3Client(stores.documents, [BrokenSearchStore(), store])
    put(stores, "a.md")

    client.drain()

    assert len(list(store.held())) == 1
    assert len(stores.documents.outbox("broken")) == 1
    assert client.status() == {"broken": "connection refused", "memory": "ok"}


def test_a_store_that_could_not_be_fed_is_named_by_searches_that_do_not_need_it(
    stores: Stores, store: MemorySearchStore
) -> None:
    client = Uds3Client(stores.documents, [store, BrokenSearchStore()])
    put(stores, "a.md")
    client.drain_store("memory")
    assert "broken" not in client.search("Gebühren", SearchPlan(10)).degraded

    client.drain_store("broken")

    result = client.search("Gebühren", SearchPlan(10, search_types=KEYWORD))
    assert (len(list(result.hits)), dict(result.degraded)) == (2, {"broken": "connection refused"})


def test_a_rebuild_takes_the_truth_as_it_is_and_tells_how_far_it_is(
    client: Uds3Client, stores: Stores, store: MemorySearchStore
) -> None:
    put(stores, "a.md", "b.md")
    put(stores, "a.md", content="v2")
    told: list[int] = []

    assert client.rebuild("memory", on_progress=told.append) == 2
    assert told == [1, 2]
    assert held(store) == {(1, 2), (2, 2)}
    assert list(stores.documents.outbox("memory")) == []


def test_stores_that_are_not_configured_are_named_with_those_that_are(client: Uds3Client) -> None:
    for call in (client.rebuild, client.reconcile, client.drain_store):
        with pytest.raises(UnknownSearchStore, match="memory"):
            call("neo4j")


def test_differences_are_found_and_repaired(client: Uds3Client, stores: Stores, store: MemorySearchStore) -> None:
    put(stores, "a.md", "b.md")
    client.drain()
    store.forget([next(iter(store.held())).document_id])

    assert len(client.reconcile("memory").differences) == 1
    assert client.reconcile("memory", should_repair=True).repaired == 1
    assert client.reconcile("memory").differences == []


def test_vectors_are_made_for_stores_that_take_them(stores: Stores) -> None:
    store = MemorySearchStore(lists=[RankedList.VECTOR])
    client = Uds3Client(stores.documents, [store], embedder=WordEmbedder())
    put(stores, "a.md", "b.md")
    client.drain()
    put(stores, "c.md")
    client.drain()

    plan = SearchPlan(10, search_types=[SearchLeg.VECTOR])
    assert len(hits(client, "Gebühren", plan)) == 6
    with pytest.raises(ValueError, match="embedder"):
        Uds3Client(stores.documents, [store])


def test_an_embedder_that_is_away_is_named_and_the_words_still_answer(stores: Stores, store: MemorySearchStore) -> None:
    class Away(WordEmbedder):
        def embed_query(self, text: str) -> NDArray[np.float32]:
            raise Unavailable("the endpoint is away")

    vectors = MemorySearchStore("vectors", [RankedList.VECTOR])
    client = Uds3Client(stores.documents, [store, vectors], embedder=Away())
    put(stores, "a.md")
    client.drain()
    client.rebuild("vectors")

    result = client.search("Gebühren", SearchPlan(10, search_types=[SearchLeg.KEYWORD, SearchLeg.VECTOR]))

    assert (len(list(result.hits)), result.degraded) == (2, {"vector": "the endpoint is away"})


def test_the_graph_is_asked_around_what_the_words_found(stores: Stores, store: MemorySearchStore) -> None:
    graph = GraphStore()
    client = Uds3Client(stores.documents, [store, graph])
    put(stores, "a.md")
    client.drain()

    found = hits(client, "Gebühren")

    assert set(graph.seeds) == set(found)
    first = next(iter(client.search("Gebühren", SearchPlan(10)).hits))
    assert set(first.places) == {"keyword", "graph"}


def test_the_graph_alone_is_entered_by_words_that_are_not_among_the_hits(
    stores: Stores, store: MemorySearchStore
) -> None:
    graph = GraphStore()
    client = Uds3Client(stores.documents, [store, graph])
    put(stores, "a.md")
    client.drain()
    plan = SearchPlan(10, search_types=[SearchLeg.GRAPH])

    (first, _) = client.search("Gebühren", plan).hits
    assert set(first.places) == {"graph"}
    assert (list(client.search("Unbekanntes", plan).hits), graph.seeds) == ([], ())


def test_kinds_of_search_without_a_store_are_named(client: Uds3Client, stores: Stores) -> None:
    put(stores, "a.md")
    client.drain()

    result = client.search("Gebühren", SearchPlan(10))

    assert set(result.degraded) == {"vector", "graph"}
    assert len(list(result.hits)) == 2
    assert client.search("Gebühren", SearchPlan(10, search_types=KEYWORD)).degraded == {}


def test_filters_reach_the_stores(client: Uds3Client, stores: Stores) -> None:
    put(stores, "a.md")
    client.drain()

    assert hits(client, "Gebühren", SearchPlan(10, SearchFilters(source=("anderswo",)))) == []
    assert len(hits(client, "Gebühren", SearchPlan(10, SearchFilters(source=("satzungen",))))) == 2


def test_a_search_that_nobody_can_answer_is_an_error(client: Uds3Client) -> None:
    client.drain()

    with pytest.raises(SearchUnavailable, match="vector"):
        client.search("Gebühren", SearchPlan(10, search_types=[SearchLeg.VECTOR]))


def test_silence_about_citations_is_no_answer_when_the_words_failed(stores: Stores) -> None:
    citations = MemorySearchStore("memory", [RankedList.CITATION])
    citations.takes_vectors = False
    client = Uds3Client(stores.documents, [BrokenSearchStore(), citations])
    put(stores, "a.md")
    client.drain()

    with pytest.raises(SearchUnavailable, match="connection refused"):
        client.search("Gebühren", SearchPlan(10))


def test_a_search_in_which_all_stores_fail_is_an_error(stores: Stores) -> None:
    client = Uds3Client(stores.documents, [BrokenSearchStore(), BrokenSearchStore("other")])

    with pytest.raises(SearchUnavailable) as failed:
        client.search("Gebühren", SearchPlan(10))
    assert set(failed.value.context["degraded"]) == {"broken", "other", "vector", "graph"}


class _OnceBroken(MemorySearchStore):
    """A store that misses its first question."""

    def __init__(self) -> None:
        super().__init__("once", [RankedList.KEYWORD])
        self.takes_vectors = False
        self.missed = 0

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        if not self.missed:
            self.missed += 1
            raise Unavailable("busy")
        yield from super().rank(wanted, question, top_k=top_k)


def test_before_a_search_is_given_up_stores_that_failed_a_moment_ago_are_asked_once_more() -> None:
    stores = memory_stores(derived_stores=("once",))
    client = Uds3Client(stores.documents, [_OnceBroken()])
    put(stores, "a.md")
    client.drain()

    result = client.search("Gebühren", SearchPlan(10, search_types=KEYWORD))

    assert len(list(result.hits)) == 2
    assert not result.degraded


class _HalfBroken(BrokenSearchStore):
    """A store that dies in the middle of a long result."""

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> Iterator[RankedSection]:
        for number in range(3_000):
            yield RankedSection(f"doc_a:1:{number}", "doc_a", 1, 1.0)
        raise Unavailable("connection lost")


def test_a_result_that_breaks_off_is_an_error_and_not_an_end(stores: Stores) -> None:
    result = Uds3Client(stores.documents, [_HalfBroken()]).search("x", SearchPlan(10_000, search_types=KEYWORD))

    drawn = [next(result.hits).rank for _ in range(3_000)]
    assert drawn[-1] == 3_000
    with pytest.raises(Unavailable, match="connection lost"):
        next(result.hits)


def test_batches_are_handed_over_whole_documents_at_a_time(stores: Stores) -> None:
    taken: list[list[str]] = []

    class Recorder(BrokenSearchStore):
        def apply_many(self, changes: Sequence[DocumentChange]) -> int:
            taken.extend([section.section_id for section in change.sections] for change in changes)
            return len(changes)

    put(stores, "a.md")
    Uds3Client(stores.documents, [Recorder()]).drain()

    (sections,) = taken
    assert [section_id.split(":")[1:] for section_id in sections] == [["1", "0"], ["1", "1"]]
