"""Feeding and asking the search stores."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.base import SearchStore
from shared.database.stores import Stores, memory_stores
from shared.database.uds3_client import SearchUnavailable, Uds3Client
from shared.errors import Unavailable
from shared.models.document import SectionHit, StoredSection
from shared.models.search import SearchLeg
from tests.support.search import BrokenSearchStore, found
from tests.support.store_values import a_document


@pytest.fixture
def stores() -> Stores:
    return memory_stores(derived_stores=("embedded", "broken"))


@pytest.fixture
def embedded(tmp_path: Path) -> EmbeddedSearchStore:
    return EmbeddedSearchStore(tmp_path / "suche.db")


@pytest.fixture
def client(stores: Stores, embedded: EmbeddedSearchStore) -> Uds3Client:
    return Uds3Client(stores.documents, [embedded])


def put(stores: Stores, *names: str, content: str = "v1") -> None:
    """Register documents of two sections each."""
    stores.documents.put_many([a_document(name, content=content) for name in names])


def hits(client: Uds3Client, query: str, **options: object) -> list[str]:
    """Ids of the sections found."""
    return [hit.section_id for hit in client.search(query, top_k=100, **options).hits]  # type: ignore[arg-type]  # per test


def test_a_store_that_was_never_built_is_built_even_without_documents(
    client: Uds3Client, embedded: EmbeddedSearchStore
) -> None:
    assert client.drain() == 0

    assert client.status() == {"embedded": "ok"}
    assert found(embedded, "*") == []


def test_what_is_registered_is_found_after_a_drain(client: Uds3Client, stores: Stores) -> None:
    client.drain()
    put(stores, "a.md", "b.md")

    assert client.drain() == 2
    assert len(hits(client, "Gebühren")) == 4
    assert (client.drain(), stores.documents.outbox("embedded")) == (0, [])


def test_documents_from_before_the_store_was_built_are_found_too(client: Uds3Client, stores: Stores) -> None:
    put(stores, "a.md", "b.md")

    assert client.drain() == 2
    assert len(hits(client, "*")) == 4
    assert list(stores.documents.outbox("embedded")) == []


def test_a_drain_takes_no_more_than_it_was_told(client: Uds3Client, stores: Stores) -> None:
    client.drain()
    put(stores, *(f"{number}.md" for number in range(5)))

    assert [client.drain(limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_only_the_newest_version_is_found(client: Uds3Client, stores: Stores) -> None:
    client.drain()
    put(stores, "a.md")
    put(stores, "a.md", content="v2")

    assert client.drain() == 2
    assert {section_id.split(":")[1] for section_id in hits(client, "*")} == {"2"}


class _Forgetful:
    """A document store whose acknowledgements get lost, as when the process dies between apply and acknowledge."""

    def __init__(self, stores: Stores) -> None:
        self._documents = stores.documents

    def __getattr__(self, name: str) -> object:
        return getattr(self._documents, name)

    def acknowledge(self, store: str, entry_ids: Sequence[int]) -> None:
        raise Unavailable("connection lost")


def test_a_crash_before_the_acknowledgement_repeats_and_changes_nothing(
    client: Uds3Client, stores: Stores, embedded: EmbeddedSearchStore
) -> None:
    client.drain()
    put(stores, "a.md")
    with pytest.raises(Unavailable, match="connection lost"):
        Uds3Client(_Forgetful(stores), [embedded]).drain()  # type: ignore[arg-type]  # forwards all other methods

    assert client.drain() == 1
    assert len(hits(client, "*")) == 2


def test_a_store_that_is_down_keeps_its_entries_and_holds_nobody_up(
    stores: Stores, embedded: EmbeddedSearchStore
) -> None:
    client = Uds3Client(stores.documents, [BrokenSearchStore(), embedded])
    put(stores, "a.md")

    client.drain()

    assert len(found(embedded, "*")) == 2
    assert len(stores.documents.outbox("broken")) == 1
    assert client.status() == {"broken": "connection refused", "embedded": "ok"}


def test_a_lost_file_is_filled_again(
    client: Uds3Client, stores: Stores, embedded: EmbeddedSearchStore, tmp_path: Path
) -> None:
    put(stores, "a.md", "b.md")
    client.drain()
    for file in tmp_path.glob("suche.db*"):
        file.unlink()

    client.drain()

    assert len(hits(client, "*")) == 4


def test_a_rebuild_takes_the_truth_as_it_is(client: Uds3Client, stores: Stores, embedded: EmbeddedSearchStore) -> None:
    put(stores, "a.md", "b.md")
    put(stores, "a.md", content="v2")

    assert client.rebuild(embedded) == 2
    assert len(hits(client, "*")) == 4
    assert list(stores.documents.outbox("embedded")) == []


def test_kinds_of_search_without_a_store_are_named(client: Uds3Client, stores: Stores) -> None:
    put(stores, "a.md")
    client.drain()

    result = client.search("Gebühren", top_k=10)

    assert set(result.degraded) == {"vector", "graph"}
    assert len(list(result.hits)) == 2
    assert client.search("Gebühren", top_k=10, search_types=[SearchLeg.KEYWORD]).degraded == {}


def test_a_search_that_nobody_can_answer_is_an_error(client: Uds3Client) -> None:
    client.drain()

    with pytest.raises(SearchUnavailable, match="vector"):
        client.search("Gebühren", top_k=10, search_types=[SearchLeg.VECTOR])


def test_a_store_that_fails_is_named_and_the_next_one_answers(stores: Stores, embedded: EmbeddedSearchStore) -> None:
    client = Uds3Client(stores.documents, [BrokenSearchStore(), embedded])
    put(stores, "a.md")
    client.drain()

    result = client.search("Gebühren", top_k=10, search_types=[SearchLeg.KEYWORD])

    assert result.degraded == {"broken": "connection refused"}
    assert len(list(result.hits)) == 2


def test_a_search_in_which_all_stores_fail_is_an_error(stores: Stores) -> None:
    client = Uds3Client(stores.documents, [BrokenSearchStore(), BrokenSearchStore("other")])

    with pytest.raises(SearchUnavailable) as failed:
        client.search("Gebühren", top_k=10)
    assert set(failed.value.context["degraded"]) == {"broken", "other", "vector", "graph"}


class _HalfBroken(BrokenSearchStore):
    """A store that dies in the middle of a result."""

    def search(self, query_text: str, *, top_k: int, sources: Sequence[str] = ()) -> Iterator[SectionHit]:
        yield SectionHit("doc_a:1:0", "doc_a", 1, 1.0, 1)
        raise Unavailable("connection lost")


def test_a_result_that_breaks_off_is_an_error_and_not_an_end(stores: Stores) -> None:
    result = Uds3Client(stores.documents, [_HalfBroken()]).search("x", top_k=10)

    assert next(result.hits).rank == 1
    with pytest.raises(Unavailable, match="connection lost"):
        next(result.hits)


def test_a_store_of_another_leg_needs_the_fusion_first(stores: Stores, embedded: EmbeddedSearchStore) -> None:
    vector: SearchStore = BrokenSearchStore()
    vector.leg = SearchLeg.VECTOR

    with pytest.raises(ValueError, match="fusion"):
        Uds3Client(stores.documents, [embedded, vector])


def test_batches_are_handed_over_whole_documents_at_a_time(stores: Stores) -> None:
    taken: list[list[str]] = []

    class Recorder(BrokenSearchStore):
        def apply_many(self, batch: Sequence[tuple[str, int, Sequence[StoredSection]]]) -> None:
            taken.extend([section.section_id for section in sections] for _, _, sections in batch)

    put(stores, "a.md")
    Uds3Client(stores.documents, [Recorder()]).drain()

    (sections,) = taken
    assert [section_id.split(":")[1:] for section_id in sections] == [["1", "0"], ["1", "1"]]
