"""The search store of the unit tests keeps the contract of the real ones."""

import pytest

from tests.contracts.ranked_list_contracts import CitationListContract, VectorListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.memory_search_store import MemorySearchStore


class TestMemorySearchStore(SearchStoreContract):
    """Upkeep."""

    @pytest.fixture
    def unbuilt_store(self) -> MemorySearchStore:
        return MemorySearchStore()


class _Built:
    @pytest.fixture
    def store(self) -> MemorySearchStore:
        store = MemorySearchStore()
        store.rebuild([])
        return store


class TestMemoryCitations(_Built, CitationListContract):
    """Citations."""


class TestMemoryVectors(_Built, VectorListContract):
    """Vectors."""
