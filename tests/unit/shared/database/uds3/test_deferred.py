"""Stores that are made when they are needed."""

import pytest

from shared.database.uds3.deferred import DeferredStore
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import VectorListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.memory_search_store import MemorySearchStore

LISTS = frozenset({RankedList.VECTOR})


def deferred() -> DeferredStore:
    """A store in memory, later."""
    return DeferredStore("memory", LISTS, lambda: MemorySearchStore(lists=LISTS), takes_vectors=True)


class TestDeferredStore(SearchStoreContract):
    """It does what the store behind it does."""

    @pytest.fixture
    def unbuilt_store(self) -> DeferredStore:
        return deferred()


class TestDeferredVectors(VectorListContract):
    """Its lists are those of the store behind it."""

    @pytest.fixture
    def store(self) -> DeferredStore:
        store = deferred()
        store.rebuild([])
        return store


def test_nothing_is_made_before_it_is_needed_and_then_once() -> None:
    made: list[MemorySearchStore] = []

    def make() -> MemorySearchStore:
        made.append(MemorySearchStore())
        return made[-1]

    store = DeferredStore("memory", LISTS, make)
    store.close()
    assert made == []

    store.rebuild([])
    assert list(store.held()) == []
    assert len(made) == 1


def test_what_is_said_before_it_was_made_spares_making_it() -> None:
    def make() -> MemorySearchStore:
        raise AssertionError("it was made")

    assert DeferredStore("memory", LISTS, make, before=lambda: "is empty").check() == "is empty"


def test_what_could_not_be_made_is_said_and_tried_again() -> None:
    stores = iter([None, MemorySearchStore()])

    def make() -> MemorySearchStore:
        if (store := next(stores)) is None:
            raise Unavailable("the endpoint is away")
        return store

    store = DeferredStore("memory", LISTS, make)

    assert store.check() == "the endpoint is away"
    assert store.check() == "has not been built yet"
