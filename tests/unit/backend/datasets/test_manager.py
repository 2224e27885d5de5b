"""The use cases of the dataset service over in-memory stores."""

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from backend.common.ownership import NotTheirOwn, creator_from
from backend.datasets.folders import DatasetFolders
from backend.datasets.manager import DatasetManager, EmptySplit, ExportTask, NoSuchFile, NotExported
from backend.datasets.models import DatasetRequest, ExportRequest, SearchPageRequest, SearchRequest
from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.treating import PersonalData
from backend.datasets.quality.learnt import CurrentQuality
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.profile import built_in
from backend.datasets.records.candidates import Candidate
from backend.datasets.searching import Found
from shared.auth.policies import Actor
from shared.database.base import DatasetNotFound
from shared.database.dataset_changes import DatasetInUse, DatasetNotCompleted
from shared.database.dataset_search import DatasetDocument
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from shared.models.dataset import Dataset, DatasetStatus, Split
from shared.models.document import ListPlace
from shared.models.events import AuditEntry
from shared.models.review import Doubt, ReviewState, Ruling, text_key_of
from shared.models.users import Principal, Role
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import GOOD, a_candidate, candidates

ANNA = Principal("anna", "anna@amt.example", frozenset({Role.ANALYST}))


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
    """A manager with everything around it."""

    def __init__(
        self, tmp_path: Path, search: SearchDouble | None = None, personal_data: PersonalData | None = None
    ) -> None:
        self.stores: Stores = memory_stores()
        self.folders = DatasetFolders(tmp_path)
        self.exports: list[ExportTask] = []
        self.changes = 0
        self.search = search or SearchDouble()
        self.manager = DatasetManager(
            self.stores.datasets,
            self.stores.documents,
            self.search,
            self.folders,
            quality=CurrentQuality(built_in("legal-de"), tmp_path / "fluency.model"),
            rulings_of=self.stores.reviews.rulings,
            personal_data=personal_data or PersonalData(),
            write_export=self._write,
            creator_of=creator_from(self.stores.audit),
            on_change=self._changed,
        )

    def create(self, **changes: Any) -> Dataset:
        return self.manager.create(a_request(**changes), ANNA, request_id="req_1")

    def completed(self) -> Dataset:
        dataset = self.create()
        claimed = self.stores.datasets.claim("builder", lease_s=60)
        assert claimed is not None
        result = build(a_plan(self.folders.attempt(dataset.dataset_id, 1), export_formats=["jsonl"]), candidates(3))
        done = replace(
            claimed[0],
            path=str(result.records_dir),
            record_count=result.record_count,
            export_paths={"jsonl": str(result.export_paths["jsonl"])},
        )
        audit = self.stores.audit.page(limit=1)[0][1]
        return self.stores.datasets.complete(claimed[1], done, audit=audit)

    def _write(self, task: ExportTask) -> None:
        self.exports.append(task)
        task.target.mkdir(parents=True)

    def _changed(self) -> None:
        self.changes += 1


def a_request(**changes: Any) -> DatasetRequest:
    values = {"name": "Satzungen", "search_query": {"query_text": "Gebühr"}, **changes}
    return DatasetRequest.model_validate(values)


def _of_all(top_k: int = 1000) -> DatasetRequest:
    return a_request(search_query={"query_text": "Gebühr", "top_k": top_k})


def _streamed(desk: Desk, request: DatasetRequest | None = None) -> list[dict[str, Any]]:
    pieces = desk.manager.stream(request or _of_all(), batch_size=1000)
    return [json.loads(line) for piece in pieces for line in piece.content.splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_accepted_order_is_stored_audited_and_wakes_the_builders(desk: Desk) -> None:
    dataset = desk.create(export_formats=["csv", "jsonl", "csv"])
    ((_, entry),) = desk.stores.audit.page(object_id=dataset.dataset_id)

    assert desk.manager.get(dataset.dataset_id).status is DatasetStatus.PENDING
    assert dataset.request["export_formats"] == ["csv", "jsonl"]
    assert (entry.action, entry.actor, entry.request_id) == ("dataset.ordered", "anna@amt.example", "req_1")
    assert desk.changes == 1


def test_only_a_completed_dataset_can_be_exported_read_or_fetched(desk: Desk) -> None:
    dataset_id = desk.create().dataset_id

    with pytest.raises(DatasetNotCompleted):
        desk.manager.export(dataset_id, ExportRequest(format="csv"), ANNA)
    with pytest.raises(DatasetNotCompleted):
        desk.manager.records(dataset_id, ANNA, limit=1, after=None)
    with pytest.raises(DatasetNotCompleted):
        desk.manager.download(dataset_id, "csv", None, ANNA)


def test_an_export_is_written_once_and_other_options_are_another_folder(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    orders = [
        ExportRequest(format="csv"),
        ExportRequest(format="csv"),
        ExportRequest(format="csv", include_metadata=False),
        ExportRequest(format="csv", spreadsheet_safe=False),
    ]
    paths = [desk.manager.export(dataset_id, order, ANNA) for order in orders]

    assert paths[0] == paths[1]
    assert len(desk.exports) == len(set(paths)) == 3
    assert desk.manager.get(dataset_id).export_paths["csv"] == paths[3]


def test_a_split_is_fetched_as_it_is_and_everything_as_a_zip(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    file = desk.manager.download(dataset_id, "jsonl", Split.TRAIN, ANNA)
    archive = desk.manager.download(dataset_id, "jsonl", None, ANNA)

    assert file.name == f"{dataset_id}-jsonl-train.jsonl"
    assert archive.media_type == "application/zip"
    assert desk.manager.download(dataset_id, "jsonl", None, ANNA, file="SHA256SUMS").media_type == "text/plain"
    with pytest.raises(NoSuchFile):
        desk.manager.download(dataset_id, "jsonl", None, ANNA, file="../records/train.jsonl")
    with pytest.raises(NotExported, match="no parquet export"):
        desk.manager.download(dataset_id, "parquet", None, ANNA)


def test_an_empty_split_has_no_file_to_fetch(desk: Desk) -> None:
    dataset = desk.completed()
    empty = [split for split in Split if not (Path(dataset.path or "") / f"{split}.jsonl").read_bytes()]

    assert empty, "three documents leave a split empty"
    with pytest.raises(EmptySplit):
        desk.manager.download(dataset.dataset_id, "jsonl", empty[0], ANNA)


def test_a_deleted_dataset_leaves_no_files(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    desk.manager.delete(dataset_id, Actor(ANNA, is_limited_to_own=False))

    assert not desk.folders.dataset(dataset_id).exists()
    with pytest.raises(DatasetNotFound):
        desk.manager.get(dataset_id)


def test_an_analyst_deletes_what_they_ordered_and_nothing_else(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    # the address of the row is Anna's; the subject is not
    namesake = Principal("somebody", ANNA.email, ANNA.roles)

    with pytest.raises(NotTheirOwn, match="made by somebody else"):
        desk.manager.delete(dataset_id, Actor(namesake, is_limited_to_own=True))
    desk.manager.delete(dataset_id, Actor(ANNA, is_limited_to_own=True))
    with pytest.raises(DatasetNotFound):
        desk.manager.get(dataset_id)


def test_a_dataset_that_is_being_built_is_not_deleted(desk: Desk) -> None:
    dataset_id = desk.create().dataset_id
    desk.stores.datasets.claim("builder", lease_s=60)

    with pytest.raises(DatasetInUse):
        desk.manager.delete(dataset_id, Actor(ANNA, is_limited_to_own=False))


def test_a_search_keeps_relevance_and_quality_apart_and_names_what_is_missing(desk: Desk) -> None:
    page = desk.manager.search(SearchPageRequest(query_text="Gebühr", min_quality_score=0, limit=5))

    assert [result.rank for result in page.results] == [1, 2, 3, 4, 5]
    assert page.results[0].quality_reasons[0] == "repealed"
    assert {result.relevance_score for result in page.results} == {0.5}
    assert page.results[1].lists["keyword"].rank == 2
    assert page.degraded == ["vector: no store"]


def test_pages_of_a_search_fit_together_and_count_what_is_kept_back(desk: Desk) -> None:
    query = SearchPageRequest(query_text="Gebühr", limit=50)

    first = desk.manager.search(query)
    rest = desk.manager.search(query.model_copy(update={"after": first.next_after, "limit": 1000}))

    assert (first.hidden_count, rest.hidden_count, rest.next_after) == (1, 0, None)
    ranks = [result.rank for result in (*first.results, *rest.results)]
    assert ranks == list(range(2, len(ranks) + 2))


def test_a_stream_draws_only_what_is_read(desk: Desk) -> None:
    pieces = desk.manager.stream(_of_all(), batch_size=10)
    first = next(pieces)

    # the first section says that it was repealed
    assert first.records == 9
    assert desk.search.drawn <= 10
    assert sum(piece.records for piece in pieces) == 111


def test_a_stream_takes_as_many_sections_as_it_was_asked_for(desk: Desk) -> None:
    assert len(_streamed(desk, _of_all(top_k=15))) == 14


def test_a_stream_heeds_what_people_decided(desk: Desk) -> None:
    audit = AuditEntry(action="review", object_type="text", object_id="x", actor="anna")
    unwanted = next(candidates(1)).section.text
    for text, state in (("(weggefallen)", ReviewState.KEPT), (unwanted, ReviewState.REJECTED)):
        doubt = Doubt(text_key_of(normalise(text)), "s", "d", 0.1, ("stub",), "legal-de-1")
        desk.stores.reviews.rule(doubt, Ruling(state, "anna"), audit=audit)

    records = _streamed(desk)

    assert len(records) == 120
    assert "(weggefallen)" in records[0]["text"]
    assert "doc_0:1:0" not in {record["section_id"] for record in records}


def test_a_stream_treats_personal_data_as_a_build_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path, personal_data=PersonalData(PolicyApplier()))
    desk.search.first = a_candidate(f"Herr Krause klagt.\n\n{GOOD}", title="Antrag von Frau Lindner")
    records = _streamed(desk)

    assert "Herr [Person] klagt." in records[0]["text"]
    assert not {"Krause", "Lindner"} & set(str(records[0]).replace(".", " ").split())


def test_a_stream_whose_search_breaks_says_so(tmp_path: Path) -> None:
    batches = Desk(tmp_path, SearchDouble(breaks_after=15)).manager.stream(a_request(), batch_size=10)

    next(batches)
    with pytest.raises(Unavailable, match="went away"):
        next(batches)
