"""Comparing stores with the truth."""

from collections.abc import Callable, Iterator

import pytest

from shared.database.base import StoreNotBuilt
from shared.database.search_store import HeldDocument
from shared.database.stores import Stores, memory_stores
from shared.database.uds3.feeding import Feeder
from shared.database.uds3.reconcile import Comparison, DifferenceKind, compare, repair
from shared.models.search import RankedList
from tests.support.memory_search_store import MemorySearchStore
from tests.support.search import a_change, an_erasure
from tests.support.store_values import a_document, an_audit

MISSING, STALE, EXTRA = DifferenceKind


@pytest.fixture
def stores() -> Stores:
    stores = memory_stores(derived_stores=("memory",))
    stores.documents.put_many([a_document(f"{number}.md") for number in range(10)])
    return stores


@pytest.fixture
def store() -> MemorySearchStore:
    store = MemorySearchStore(lists=[RankedList.KEYWORD])
    store.takes_vectors = False
    return store


@pytest.fixture
def feeder(stores: Stores, store: MemorySearchStore) -> Feeder:
    feeder = Feeder(stores.documents, store)
    feeder.drain(limit=1000)
    return feeder


def kinds(comparison: Comparison) -> dict[str, DifferenceKind]:
    """Document -> difference."""
    return {each.document_id: each.kind for each in comparison.differences}


def test_a_store_that_was_fed_has_no_differences(stores: Stores, store: MemorySearchStore, feeder: Feeder) -> None:
    assert compare(stores.documents, store) == Comparison("memory", documents=10)


def test_every_kind_of_difference_is_found_and_put_right(
    stores: Stores, store: MemorySearchStore, feeder: Feeder
) -> None:
    ids = [held.document_id for held in store.held()]
    store.forget([ids[0], ids[1], ids[2], ids[3]])
    store.apply_many([a_change(ids[1], "x", sha256="other"), a_change(ids[2], "x", version=9), a_change("doc_x", "x")])
    store.apply_many([an_erasure(ids[3], version=5), an_erasure("doc_y", version=2)])

    found = compare(stores.documents, store)
    expected = {ids[0]: MISSING, ids[1]: STALE, ids[2]: STALE, ids[3]: STALE, "doc_x": EXTRA, "doc_y": EXTRA}
    assert (kinds(found), found.documents) == (expected, 10)

    repair(feeder, found)
    assert found.repaired == 6
    assert compare(stores.documents, store) == Comparison("memory", documents=10)


def test_an_erased_document_that_is_still_held_is_extra(
    stores: Stores, store: MemorySearchStore, feeder: Feeder
) -> None:
    held = next(iter(store.held()))
    stores.documents.erase(held.document_id, audit=an_audit())
    stores.documents.acknowledge("memory", [entry.entry_id for entry in stores.documents.outbox("memory")])

    found = compare(stores.documents, store)
    assert kinds(found) == {held.document_id: EXTRA}

    repair(feeder, found)
    assert compare(stores.documents, store).differences == []
    assert HeldDocument(held.document_id, 2, "", 0, is_erased=True) in list(store.held())


def test_what_waits_in_the_outbox_is_on_its_way_and_no_difference(
    stores: Stores, store: MemorySearchStore, feeder: Feeder
) -> None:
    stores.documents.put_many([a_document("0.md", content="v2"), a_document("neu.md")])

    found = compare(stores.documents, store)

    assert (found.pending, found.differences) == (2, [])


def test_what_is_registered_while_both_are_read_is_no_difference(
    stores: Stores, store: MemorySearchStore, feeder: Feeder
) -> None:
    class Slow:
        """The truth, in which something is registered between its first line and the end."""

        def __getattr__(self, name: str) -> object:
            return getattr(stores.documents, name)

        def iter_held(self) -> Iterator[HeldDocument]:
            late: Callable[[], object] = lambda: stores.documents.put_many([a_document("spät.md")])  # noqa: E731
            late()
            yield from stores.documents.iter_held()

    found = compare(Slow(), store)  # type: ignore[arg-type]  # forwards all other methods

    assert (found.pending, found.differences) == (1, [])


def test_a_store_that_was_never_built_says_so(stores: Stores, store: MemorySearchStore) -> None:
    with pytest.raises(StoreNotBuilt):
        compare(stores.documents, store)
