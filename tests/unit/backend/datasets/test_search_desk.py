"""Searches and streams over in-memory stores."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.models import DatasetRequest, SearchPageRequest, SearchRequest
from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.learnt import CurrentQuality
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.profile import built_in
from backend.datasets.record_making import RecordMaking
from backend.datasets.records.candidates import Candidate
from backend.datasets.search_desk import SearchDesk
from backend.datasets.searching import Found
from shared.database.dataset_search import DatasetDocument
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from shared.models.document import ListPlace
from shared.models.events import AuditEntry
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from tests.support.legal_texts import GOOD, a_candidate, a_parsed_document, candidates


class SearchDouble:
    """Finds generated sections; breaks after `breaks_after` of them."""

    def __init__(self, breaks_after: int | None = None) -> None:
        self.drawn = 0
        self.first = a_candidate("(weggefallen)")
        self._breaks_after = breaks_after

    def find(self, request: SearchRequest, *, after_rank: int = 0) -> Found:
        return Found(islice(self._hits(), after_rank, None), {"vector": "no store"})

    def _hits(self) -> Iterator[DatasetDocument]:
        for rank, each in enumerate(self._candidates(), start=1):
            places = {"keyword": ListPlace(rank, 1.0, "memory")}
            yield DatasetDocument(each.stored, None, each.relevance, rank, places, "Gebühr")

    def _candidates(self) -> Iterator[Candidate]:
        yield self.first
        for each in candidates(20):
            if self.drawn == self._breaks_after:
                raise Unavailable("the store went away")
            self.drawn += 1
            yield each


class Desk:
    """A desk with everything around it."""

    def __init__(
        self, tmp_path: Path, search: SearchDouble | None = None, personal_data: PersonalData | None = None
    ) -> None:
        self.stores: Stores = memory_stores()
        self.search = search or SearchDouble()
        self.desk = SearchDesk(
            self.search,
            self.stores.documents,
            RecordMaking(),
            quality=CurrentQuality(built_in("legal-de"), tmp_path / "fluency.model"),
            personal_data=personal_data or PersonalData(),
            rulings_of=self.stores.reviews.rulings,
        )


def a_request(top_k: int = 1000) -> DatasetRequest:
    query = {"query_text": "Gebühr", "top_k": top_k}
    return DatasetRequest.model_validate({"name": "Satzungen", "search_query": query})


def streamed(desk: Desk, request: DatasetRequest | None = None) -> list[dict[str, Any]]:
    pieces = desk.desk.stream(request or a_request(), batch_size=1000)
    return [json.loads(line) for piece in pieces for line in piece.content.splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_search_keeps_relevance_and_quality_apart_and_names_what_is_missing(desk: Desk) -> None:
    page = desk.desk.search(SearchPageRequest(query_text="Gebühr", min_quality_score=0, limit=5))

    assert [result.rank for result in page.results] == [1, 2, 3, 4, 5]
    assert page.results[0].quality_reasons[0] == "repealed"
    assert {result.relevance_score for result in page.results} == {0.5}
    assert page.results[1].lists["keyword"].rank == 2
    assert page.degraded == ["vector: no store"]


def test_pages_of_a_search_fit_together_and_count_what_is_kept_back(desk: Desk) -> None:
    query = SearchPageRequest(query_text="Gebühr", limit=50)

    first = desk.desk.search(query)
    rest = desk.desk.search(query.model_copy(update={"after": first.next_after, "limit": 1000}))

    assert (first.hidden_count, rest.hidden_count, rest.next_after) == (1, 0, None)
    ranks = [result.rank for result in (*first.results, *rest.results)]
    assert ranks == list(range(2, len(ranks) + 2))


def test_a_stream_draws_only_what_is_read(desk: Desk) -> None:
    pieces = desk.desk.stream(a_request(), batch_size=10)
    first = next(pieces)

    # the first section says that it was repealed
    assert first.records == 9
    assert desk.search.drawn <= 10
    assert sum(piece.records for piece in pieces) == 111


def test_a_stream_takes_as_many_sections_as_it_was_asked_for(desk: Desk) -> None:
    assert len(streamed(desk, a_request(top_k=15))) == 14


def test_a_stream_heeds_what_people_decided(desk: Desk) -> None:
    audit = AuditEntry(action="review", object_type="text", object_id="x", actor="anna")
    unwanted = next(candidates(1)).section.text
    for text, state in (("(weggefallen)", ReviewState.KEPT), (unwanted, ReviewState.REJECTED)):
        doubt = Doubt(text_key_of(normalise(text)), "s", "d", 0.1, ("stub",), "legal-de-1")
        desk.stores.reviews.rule(doubt, Ruling(state, "anna"), audit=audit)

    records = streamed(desk)

    assert len(records) == 120
    assert "(weggefallen)" in records[0]["text"]
    assert "doc_0:1:0" not in {record["section_id"] for record in records}


def test_a_stream_treats_personal_data_as_a_build_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, personal_data=PersonalData(PolicyApplier()))
    desk.search.first = a_candidate(f"Herr Krause klagt.\n\n{GOOD}", title="Antrag von Frau Lindner")
    records = streamed(desk)

    assert "Herr [Person] klagt." in records[0]["text"]
    assert not {"Krause", "Lindner"} & set(str(records[0]).replace(".", " ").split())


def test_a_stream_whose_search_breaks_says_so(tmp_path: Path) -> None:
    batches = Desk(tmp_path, SearchDouble(breaks_after=15)).desk.stream(a_request(), batch_size=10)

    next(batches)
    with pytest.raises(Unavailable, match="went away"):
        next(batches)


def test_a_streamed_record_names_the_licence_of_its_document(desk: Desk) -> None:
    named = replace(a_parsed_document(1), metadata={"Lizenz": "CC BY 4.0"})
    document, _ = desk.stores.documents.put(
        named, source="satzungen", path="s.txt", sha256="1" * 64, size_bytes=1, ingested_by="anna"
    )
    first = a_candidate(GOOD)
    desk.search.first = replace(first, stored=replace(first.stored, document_id=document.document_id))

    records = streamed(desk)

    assert [records[0]["metadata"]["licence"], records[1]["metadata"]["licence"]] == ["CC BY 4.0", ""]
    assert all(record["metadata"]["legal_basis"] for record in records)
