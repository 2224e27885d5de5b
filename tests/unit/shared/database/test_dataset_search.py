"""Search for datasets."""

from pathlib import Path

import pytest

from shared import database
from shared.database.adapters.embedded import EmbeddedSearchStore
from shared.database.dataset_search import (
    DatasetSearchAPI,
    DatasetSearchQuery,
    InvalidSearchQuery,
    SearchFilters,
)
from shared.database.stores import Stores, memory_stores
from shared.database.uds3_client import SearchUnavailable, Uds3Client
from shared.models.search import SearchLeg
from tests.support.store_values import a_document


@pytest.fixture
def stores() -> Stores:
    return memory_stores()


@pytest.fixture
def client(stores: Stores, tmp_path: Path) -> Uds3Client:
    return Uds3Client(stores.documents, [EmbeddedSearchStore(tmp_path / "suche.db")])


@pytest.fixture
def api(stores: Stores, client: Uds3Client) -> DatasetSearchAPI:
    return DatasetSearchAPI(client, stores.documents)


def test_the_names_of_the_contract_are_importable() -> None:
    from shared.database import DatasetDocument, DatasetSearchQuery

    assert (DatasetDocument.__name__, DatasetSearchQuery.__name__) == ("DatasetDocument", "DatasetSearchQuery")
    with pytest.raises(AttributeError, match="Nichts"):
        database.Nichts  # noqa: B018 - the access is the test


def test_hits_carry_text_provenance_and_relevance(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    item = a_document("hund.md", source="amt", sections=3)
    document, _ = stores.documents.put_many([item])[0]
    client.drain()

    found = list(api.search(DatasetSearchQuery("§ 3 Gebühren")))

    assert found[0].text == item.parsed.sections[2].text
    assert found[0].title == document.title
    assert found[0].document == document
    assert (found[0].stored.source, found[0].stored.path, found[0].stored.section.number) == ("amt", "hund.md", "§ 3")
    assert found[0].relevance_score == 1.0
    assert [hit.rank for hit in found] == [1, 2, 3]
    assert all(0 < hit.relevance_score <= 1 for hit in found)
    assert found[0].relevance_score > found[1].relevance_score
    assert found[0].legs == {"keyword": 1}


def test_everything_is_wholly_relevant_to_everything(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    stores.documents.put_many([a_document(f"{number:03}.md") for number in range(150)])
    client.drain()

    found = list(api.search(DatasetSearchQuery("*", top_k=1000)))

    assert len(found) == 300
    assert {hit.relevance_score for hit in found} == {1.0}


def test_hits_of_replaced_versions_are_left_out(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    stores.documents.put_many([a_document("alt.md"), a_document("bleibt.md")])
    client.drain()
    stores.documents.put_many([a_document("alt.md", content="v2")])

    assert {hit.stored.path for hit in api.search(DatasetSearchQuery("Gebühren"))} == {"bleibt.md"}

    client.drain()
    found = list(api.search(DatasetSearchQuery("Gebühren")))
    assert {(hit.stored.path, hit.document.version) for hit in found} == {("alt.md", 2), ("bleibt.md", 1)}


def test_the_source_filter_limits_the_search(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    stores.documents.put_many([a_document("a.md", source="amt"), a_document("b.md", source="gericht")])
    client.drain()

    query = DatasetSearchQuery("Gebühren", filters=SearchFilters(source=("gericht",)))
    assert {hit.stored.source for hit in api.search(query)} == {"gericht"}


def test_missing_legs_are_named_beside_the_documents(api: DatasetSearchAPI, client: Uds3Client) -> None:
    client.drain()

    result = api.search(DatasetSearchQuery("x"))

    assert (set(result.degraded), list(result)) == ({"vector", "graph"}, [])


def test_a_search_that_fails_is_never_an_empty_success(api: DatasetSearchAPI) -> None:
    with pytest.raises(SearchUnavailable, match="not been built"):
        api.search(DatasetSearchQuery("x"))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"query_text": "  "}, "query_text"),
        ({"query_text": "x", "top_k": 0}, "top_k"),
        ({"query_text": "x", "top_k": 100_001}, "top_k"),
        ({"query_text": "x", "search_types": ()}, "search_types"),
        ({"query_text": "x", "weights": {SearchLeg.KEYWORD: -1.0}}, "weight"),
    ],
)
def test_impossible_queries_are_refused(fields: dict[str, object], reason: str) -> None:
    with pytest.raises(InvalidSearchQuery, match=reason):
        DatasetSearchQuery(**fields)  # type: ignore[arg-type]  # wrong on purpose
