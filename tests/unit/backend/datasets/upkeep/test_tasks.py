"""Looking after the search stores."""

import json

import pytest

from backend.datasets.upkeep.tasks import rebuild_stores, reconcile_stores, stores_status
from shared.database.stores import Stores, memory_stores
from shared.database.uds3_client import Uds3Client, UnknownSearchStore
from shared.models.search import RankedList
from tests.support.memory_search_store import MemorySearchStore
from tests.support.search import BrokenSearchStore, a_change
from tests.support.store_values import a_document

Progress = list[tuple[str, int, int]]


@pytest.fixture
def stores() -> Stores:
    stores = memory_stores(derived_stores=("memory", "broken"))
    stores.documents.put_many([a_document(f"{number}.md") for number in range(60)])
    return stores


@pytest.fixture
def store() -> MemorySearchStore:
    store = MemorySearchStore(lists=[RankedList.KEYWORD])
    store.takes_vectors = False
    return store


@pytest.fixture
def client(stores: Stores, store: MemorySearchStore) -> Uds3Client:
    return Uds3Client(stores.documents, [store, BrokenSearchStore()], foreign=[BrokenSearchStore("akten")])


def test_the_status_tells_every_store_with_what_waits_for_it(client: Uds3Client, stores: Stores) -> None:
    client.drain_store("memory")

    told = json.loads(json.dumps(stores_status(client, stores.documents)))

    assert told["documents"] == 60
    assert told["stores"] == [
        {"name": "memory", "lists": ["keyword"], "is_fed": True, "answer": "ok", "pending": 0},
        {"name": "broken", "lists": ["keyword"], "is_fed": True, "answer": "connection refused", "pending": 60},
        {"name": "akten", "lists": ["keyword"], "is_fed": False, "answer": "connection refused", "pending": 0},
    ]


def test_a_rebuild_tells_how_far_it_is(client: Uds3Client, stores: Stores, store: MemorySearchStore) -> None:
    told: Progress = []

    result = rebuild_stores(client, stores.documents, ["memory"], lambda *args: told.append(args))

    assert result == {"rebuilt": {"memory": 60}}
    assert told == [("memory", 25, 60), ("memory", 50, 60)]
    assert len(list(store.held())) == 60


def test_a_comparison_names_differences_and_a_repair_mends_them(client: Uds3Client, store: MemorySearchStore) -> None:
    client.drain_store("memory")
    store.forget([next(iter(store.held())).document_id])
    store.apply_many([a_change("doc_x", "x")])

    found = reconcile_stores(client, ["memory"], should_repair=False, on_progress=lambda *_: None)
    repaired = reconcile_stores(client, ["memory"], should_repair=True, on_progress=lambda *_: None)
    again = reconcile_stores(client, ["memory"], should_repair=False, on_progress=lambda *_: None)

    assert (found["differences"], found["open"], found["unreadable"]) == (2, 2, 0)
    assert found["stores"][0]["counts"] == {"missing": 1, "extra": 1}
    assert (repaired["differences"], repaired["open"]) == (2, 0)
    assert (again["differences"], again["stores"][0]["documents"]) == (0, 60)


def test_a_store_that_cannot_be_read_is_told_and_stops_no_other(client: Uds3Client) -> None:
    client.drain_store("memory")

    result = reconcile_stores(client, [], should_repair=False, on_progress=lambda *_: None)

    assert [(each["store"], each["answer"]) for each in result["stores"]] == [
        ("memory", "ok"),
        ("broken", "connection refused"),
    ]
    assert (result["open"], result["unreadable"]) == (0, 1)


def test_an_unknown_store_is_named(client: Uds3Client, stores: Stores) -> None:
    with pytest.raises(UnknownSearchStore, match="memory"):
        rebuild_stores(client, stores.documents, ["neo4j"], lambda *_: None)
