"""The door to the search: what a search for everything says beside its hits."""

import pytest

from backend.datasets.models import SearchRequest
from backend.datasets.searching import DocumentSearch
from shared.database.stores import memory_stores
from shared.database.uds3_client import Uds3Client
from shared.models.search import RankedList
from tests.support.memory_search_store import MemorySearchStore
from tests.support.store_values import a_document


@pytest.fixture
def search() -> DocumentSearch:
    documents = memory_stores(derived_stores=("memory",)).documents
    documents.put_many([a_document(f"{number}.md") for number in range(3)])
    store = MemorySearchStore(lists=[RankedList.KEYWORD])
    store.takes_vectors = False
    return DocumentSearch(Uds3Client(documents, [store]), documents)


def test_who_wants_everything_is_told_the_documents(search: DocumentSearch) -> None:
    found = search.find(SearchRequest(query_text="*"))

    assert found.everything is not None
    held = [each.document_id for each in found.everything]
    assert list(dict.fromkeys(hit.stored.document_id for hit in found.hits)) == held
    assert len(held) == 3


def test_a_page_of_everything_has_its_hits_alone(search: DocumentSearch) -> None:
    assert search.find(SearchRequest(query_text="*"), after_rank=1).everything is None
