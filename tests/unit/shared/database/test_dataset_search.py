"""Search for datasets."""

from datetime import date

import pytest

from shared import database
from shared.database.dataset_search import DatasetSearchAPI, DatasetSearchQuery, InvalidSearchQuery
from shared.database.search_store import Question, RankedSection
from shared.database.stores import Stores, memory_stores
from shared.database.uds3.foreign import foreign_section
from shared.database.uds3_client import SearchUnavailable, Uds3Client
from shared.models.search import RankedList, SearchFilters, SearchLeg
from tests.support.memory_search_store import MemorySearchStore
from tests.support.store_values import a_document, an_audit


class ForeignSource(MemorySearchStore):
    """A database of others with one row."""

    def rank(self, wanted: RankedList, question: Question, *, top_k: int) -> "list[RankedSection]":  # type: ignore[override]  # a list will do
        return iter([foreign_section("akten", {"id": "4711", "text": "Gebühren der Akte", "title": "Akte"}, 1.0)])  # type: ignore[return-value]


@pytest.fixture
def stores() -> Stores:
    return memory_stores(derived_stores=("memory",))


@pytest.fixture
def client(stores: Stores) -> Uds3Client:
    store = MemorySearchStore(lists=[RankedList.KEYWORD, RankedList.CITATION])
    store.takes_vectors = False
    return Uds3Client(stores.documents, [store])


@pytest.fixture
def api(stores: Stores, client: Uds3Client) -> DatasetSearchAPI:
    return DatasetSearchAPI(client, stores.documents)


def test_the_names_of_the_contract_are_importable() -> None:
    from shared.database import DatasetDocument, DatasetSearchQuery

    assert (DatasetDocument.__name__, DatasetSearchQuery.__name__) == ("DatasetDocument", "DatasetSearchQuery")
    with pytest.raises(AttributeError, match="Nichts"):
        database.Nichts  # noqa: B018 - the access is the test


def test_hits_carry_text_provenance_relevance_and_places(
    api: DatasetSearchAPI, client: Uds3Client, stores: Stores
) -> None:
    item = a_document("hund.md", source="amt", sections=3)
    document, _ = stores.documents.put_many([item])[0]
    client.drain()

    found = list(api.search(DatasetSearchQuery("Absatz 2 Gebühren")))

    assert found[0].text == item.parsed.sections[2].text
    assert found[0].title == document.title
    assert found[0].document == document
    assert (found[0].stored.source, found[0].stored.path, found[0].stored.section.number) == ("amt", "hund.md", "§ 3")
    assert found[0].relevance_score == 1.0
    assert [hit.rank for hit in found] == [1, 2, 3]
    assert all(0 < hit.relevance_score <= 1 for hit in found)
    assert found[0].relevance_score > found[1].relevance_score
    assert (found[0].places["keyword"].rank, found[0].places["keyword"].store) == (1, "memory")
    assert found[0].snippet in found[0].text


def test_everything_is_wholly_relevant_to_everything_and_no_store_is_asked(
    api: DatasetSearchAPI, stores: Stores
) -> None:
    stores.documents.put_many([a_document(f"{number:03}.md") for number in range(150)])

    found = list(api.search(DatasetSearchQuery(" * ", top_k=250)))

    assert len(found) == 250
    assert {hit.relevance_score for hit in found} == {1.0}
    order = [(hit.stored.document_id, hit.stored.section.ordinal) for hit in found]
    assert order == sorted(order)
    assert [hit.rank for hit in found] == list(range(1, 251))


def test_everything_obeys_the_filters_and_leaves_out_the_erased(api: DatasetSearchAPI, stores: Stores) -> None:
    put = stores.documents.put_many([a_document("a.md", source="amt"), a_document("b.md", source="gericht")])
    stores.documents.put_many([a_document("c.md", source="amt")])
    stores.documents.erase(put[0][0].document_id, audit=an_audit())

    query = DatasetSearchQuery("*", filters=SearchFilters(source=("amt",), valid_on=date(2026, 1, 1)))
    assert {hit.stored.path for hit in api.search(query)} == {"c.md"}


@pytest.mark.parametrize(
    ("query", "is_everything"),
    [
        (DatasetSearchQuery(" * ", top_k=7), True),
        (DatasetSearchQuery("Gebühren"), False),
        (DatasetSearchQuery("*", filters=SearchFilters(source=("amt",))), False),
    ],
)
def test_everything_is_asked_by_a_star_without_filters(query: DatasetSearchQuery, is_everything: bool) -> None:
    assert query.is_everything == is_everything


def test_pages_fit_together(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    stores.documents.put_many([a_document(f"{number}.md") for number in range(20)])
    client.drain()

    for text in ("Gebühren", "*"):
        query = DatasetSearchQuery(text, top_k=30)
        whole = [(hit.rank, hit.stored.section_id, hit.relevance_score) for hit in api.search(query)]
        rest = [(hit.rank, hit.stored.section_id, hit.relevance_score) for hit in api.search(query, after_rank=7)]
        assert len(whole) == 30
        assert rest == whole[7:]
        assert list(api.search(query, after_rank=30)) == []


def test_hits_of_replaced_versions_are_left_out(api: DatasetSearchAPI, client: Uds3Client, stores: Stores) -> None:
    stores.documents.put_many([a_document("alt.md"), a_document("bleibt.md")])
    client.drain()
    stores.documents.put_many([a_document("alt.md", content="v2")])

    assert {hit.stored.path for hit in api.search(DatasetSearchQuery("Gebühren"))} == {"bleibt.md"}

    client.drain()
    found = list(api.search(DatasetSearchQuery("Gebühren")))
    versions = {(hit.stored.path, hit.document.version if hit.document else 0) for hit in found}
    assert versions == {("alt.md", 2), ("bleibt.md", 1)}


def test_what_a_database_of_others_holds_comes_with_its_own_section(stores: Stores) -> None:
    foreign = ForeignSource("akten", [RankedList.KEYWORD])
    store = MemorySearchStore(lists=[RankedList.KEYWORD])
    store.takes_vectors = False
    client = Uds3Client(stores.documents, [store], foreign=[foreign])
    stores.documents.put_many([a_document("a.md")])
    client.drain()

    found = list(DatasetSearchAPI(client, stores.documents).search(DatasetSearchQuery("Gebühren")))

    (other,) = [hit for hit in found if hit.document is None]
    assert len(found) == 3
    assert (other.text, other.title, other.stored.source) == ("Gebühren der Akte", "Akte", "akten")
    assert (other.stored.path, other.stored.document_id[:10]) == ("4711", "ext_akten_")


def test_missing_kinds_are_named_beside_the_documents(api: DatasetSearchAPI, client: Uds3Client) -> None:
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
