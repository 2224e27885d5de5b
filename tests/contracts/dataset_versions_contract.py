"""What every `DatasetStore` must do about versions, events, and the ends that people make."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from shared.database.base import ClaimLost, DatasetNotFound, DocumentErased
from shared.database.dataset_changes import (
    DatasetAlreadyFinished,
    DatasetNotCompleted,
    DatasetWithdrawn,
    DocumentsErased,
)
from shared.database.stores import Stores
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus, RecordProvenance
from shared.models.dataset_events import DatasetEventType
from tests.support.legal_texts import a_parsed_document
from tests.support.store_values import a_dataset, an_audit, provenance_rows

RUN_OUT_S = -1.0


def _ordered(stores: Stores, number: int = 0, parent: Dataset | None = None) -> Dataset:
    dataset = replace(a_dataset(number), parent_id=parent and parent.dataset_id)
    return stores.datasets.add(dataset, audit=an_audit("dataset.ordered", "dataset"))


def _claimed(stores: Stores, *, lease_s: float = 60.0) -> tuple[Dataset, DatasetClaim]:
    found = stores.datasets.claim("builder-1", lease_s=lease_s)
    assert found is not None
    return found


def _completed(stores: Stores, number: int = 0, parent: Dataset | None = None, document: str = "") -> Dataset:
    _ordered(stores, number, parent)
    dataset, claim = _claimed(stores)
    if document:
        stores.datasets.add_provenance(claim, _rows_of(document))
    return stores.datasets.complete(claim, dataset, audit=an_audit("dataset.completed", "dataset"))


def _rows_of(document: str) -> list[RecordProvenance]:
    return [replace(row, document_id=document) for row in provenance_rows("r1", "r2")]


def _registered(stores: Stores, number: int = 0) -> str:
    document, _ = stores.documents.put(
        a_parsed_document(number), source="amt", path=f"{number}.md", sha256="a" * 64, size_bytes=9, ingested_by="a@b"
    )
    return document.document_id


def _told(stores: Stores, dataset_id: str) -> list[tuple[int, str, str]]:
    return [(each.seq, each.type.value, each.payload["status"]) for each in stores.datasets.events(dataset_id)]


class DatasetVersionsContract:
    """Subclass it where a `stores` fixture gives empty `Stores`."""

    # --- lines ---

    def test_a_dataset_without_a_parent_begins_a_line(self, stores: Stores) -> None:
        dataset = _ordered(stores)

        assert (dataset.line_id, dataset.version_number, dataset.parent_id) == (dataset.dataset_id, 1, None)

    def test_a_child_is_the_next_version_of_its_line_whichever_it_follows(self, stores: Stores) -> None:
        first = _completed(stores, 0)
        second = _completed(stores, 1, first)
        branch = _ordered(stores, 2, first)

        assert [each.version_number for each in (first, second, branch)] == [1, 2, 3]
        assert {each.line_id for each in (first, second, branch)} == {first.dataset_id}
        assert branch.parent_id == first.dataset_id
        page = stores.datasets.line(first.line_id, limit=2)
        assert [each.version_number for each in page.items] == [3, 2]
        assert (page.total, page.next_after) == (3, "2")
        assert stores.datasets.line(first.line_id, after=2).items == [first]

    def test_a_number_is_given_once_even_if_its_version_is_deleted(self, stores: Stores) -> None:
        first = _completed(stores, 0)
        second = _completed(stores, 1, first)
        stores.datasets.delete(second.dataset_id, audit=an_audit())

        assert _ordered(stores, 2, first).version_number == 3

    def test_only_finished_datasets_have_children(self, stores: Stores) -> None:
        with pytest.raises(DatasetNotFound):
            stores.datasets.add(replace(a_dataset(1), parent_id="ds_0"), audit=an_audit())
        pending = _ordered(stores)
        with pytest.raises(DatasetNotCompleted):
            _ordered(stores, 1, pending)

        assert stores.datasets.count() == 1

    def test_children_that_come_at_once_get_different_numbers(self, stores: Stores) -> None:
        first = _completed(stores, 0)
        with ThreadPoolExecutor(4) as pool:
            numbers = list(pool.map(lambda number: _ordered(stores, number, first).version_number, range(1, 13)))

        assert sorted(numbers) == list(range(2, 14))

    # --- events ---

    def test_every_change_of_status_is_an_event_and_none_is_missing(self, stores: Stores) -> None:
        dataset = _ordered(stores)
        _claimed(stores, lease_s=RUN_OUT_S)
        building, claim = _claimed(stores)
        told = stores.datasets.record_event(claim, DatasetEventType.PROGRESS, {"stage": "search", "done": 500})
        stores.datasets.record_event(claim, DatasetEventType.STAGE, {"stage": "found"})
        done = stores.datasets.complete(claim, building, audit=an_audit())

        assert (told.seq, told.payload) == (4, {"status": "processing", "stage": "search", "done": 500})
        assert _told(stores, dataset.dataset_id) == [
            (1, "status", "pending"),
            (2, "status", "processing"),
            (3, "status", "processing"),
            (4, "progress", "processing"),
            (5, "stage", "processing"),
            (6, "status", "completed"),
        ]
        assert done.event_seq == 6
        assert [each.seq for each in stores.datasets.events(dataset.dataset_id, after=4, limit=1)] == [5]

    def test_events_of_unknown_datasets_are_not_found(self, stores: Stores) -> None:
        with pytest.raises(DatasetNotFound):
            stores.datasets.events("ds_0")

    def test_events_go_with_their_dataset(self, stores: Stores) -> None:
        dataset = _completed(stores)
        stores.datasets.delete(dataset.dataset_id, audit=an_audit())

        with pytest.raises(DatasetNotFound):
            stores.datasets.events(dataset.dataset_id)

    def test_a_zombie_tells_nothing(self, stores: Stores) -> None:
        _ordered(stores)
        _, claim = _claimed(stores, lease_s=RUN_OUT_S)
        _claimed(stores)

        with pytest.raises(ClaimLost):
            stores.datasets.record_event(claim, DatasetEventType.PROGRESS, {"stage": "search", "done": 1})

    def test_a_feed_is_told_of_every_change_once_or_more(self, stores: Stores) -> None:
        ended = _completed(stores, 0)
        waiting = _ordered(stores, 1)
        start = stores.datasets.changes()
        young = _ordered(stores, 2)
        news = stores.datasets.changes(start.cursor)

        # what was completed may still be withdrawn
        assert start.heads == {waiting.dataset_id: 1, ended.dataset_id: ended.event_seq}
        assert news.heads[young.dataset_id] == 1
        assert ended.dataset_id not in stores.datasets.changes(news.cursor).heads

    def test_claims_are_in_vain_until_a_stage_is_finished(self, stores: Stores) -> None:
        _ordered(stores)
        for _ in range(2):
            _, claim = _claimed(stores, lease_s=RUN_OUT_S)
        dataset, claim = _claimed(stores)
        stores.datasets.record_event(claim, DatasetEventType.PROGRESS, {"stage": "search", "done": 1})
        assert stores.datasets.get(dataset.dataset_id).fruitless_claims == 3

        stores.datasets.record_event(claim, DatasetEventType.STAGE, {"stage": "found"})
        assert stores.datasets.get(dataset.dataset_id).fruitless_claims == 0

    # --- ends that people make ---

    def test_a_waiting_dataset_is_cancelled_for_good(self, stores: Stores) -> None:
        dataset = _ordered(stores)
        done = stores.datasets.cancel(dataset.dataset_id, audit=an_audit("dataset.cancelled", "dataset"))

        assert (done.status, done.error_message) == (DatasetStatus.FAILED, "Cancelled by tina@amt.example.")
        assert stores.datasets.claim("builder-1", lease_s=60) is None
        assert stores.datasets.events(dataset.dataset_id)[-1].payload["reason"] == "cancelled"

    def test_a_running_build_loses_its_claim_when_it_is_cancelled(self, stores: Stores) -> None:
        _ordered(stores)
        dataset, claim = _claimed(stores)
        stores.datasets.add_provenance(claim, provenance_rows("r1"))
        stores.datasets.cancel(dataset.dataset_id, audit=an_audit())

        with pytest.raises(ClaimLost):
            stores.datasets.complete(claim, dataset, audit=an_audit())
        assert stores.datasets.get(dataset.dataset_id).status is DatasetStatus.FAILED
        assert stores.datasets.provenance(dataset.dataset_id) == []

    def test_what_has_ended_is_not_cancelled(self, stores: Stores) -> None:
        dataset = _completed(stores)
        with pytest.raises(DatasetAlreadyFinished):
            stores.datasets.cancel(dataset.dataset_id, audit=an_audit())
        with pytest.raises(DatasetNotFound):
            stores.datasets.cancel("ds_0", audit=an_audit())

    def test_of_a_withdrawn_dataset_nothing_new_is_made(self, stores: Stores) -> None:
        dataset = _completed(stores)
        withdrawn = stores.datasets.withdraw(dataset.dataset_id, reason="Einwilligung widerrufen", audit=an_audit())
        again = stores.datasets.withdraw(dataset.dataset_id, reason="anders", audit=an_audit())

        assert withdrawn.is_withdrawn
        assert withdrawn.status is DatasetStatus.COMPLETED
        assert (withdrawn.withdrawn_by, withdrawn.withdrawn_reason) == ("tina@amt.example", "Einwilligung widerrufen")
        assert again == withdrawn
        assert stores.datasets.newest_completed() is None
        with pytest.raises(DatasetWithdrawn):
            stores.datasets.set_export(dataset.dataset_id, "csv", "/x", audit=an_audit())
        assert _ordered(stores, 1, withdrawn).version_number == 2

    def test_a_withdrawal_is_an_event_that_changes_no_status(self, stores: Stores) -> None:
        dataset = _completed(stores)
        cursor = stores.datasets.changes().cursor
        for _ in range(2):
            withdrawn = stores.datasets.withdraw(dataset.dataset_id, reason="überholt", audit=an_audit())

        (event,) = stores.datasets.events(dataset.dataset_id, after=dataset.event_seq)
        assert (event.seq, event.type, withdrawn.event_seq) == (
            dataset.event_seq + 1,
            DatasetEventType.STATUS,
            event.seq,
        )
        assert event.payload == {
            "status": "completed",
            "reason": "withdrawn",
            "message": "Withdrawn by tina@amt.example: überholt",
        }
        assert stores.datasets.changes(cursor).heads[dataset.dataset_id] == event.seq

    def test_only_finished_datasets_are_withdrawn(self, stores: Stores) -> None:
        dataset = _ordered(stores)
        with pytest.raises(DatasetNotCompleted):
            stores.datasets.withdraw(dataset.dataset_id, reason="x", audit=an_audit())
        with pytest.raises(DatasetNotFound):
            stores.datasets.withdraw("ds_0", reason="x", audit=an_audit())

    # --- documents that were erased ---

    def test_versions_that_hold_an_erased_document_are_named(self, stores: Stores) -> None:
        kept, gone = _registered(stores, 0), _registered(stores, 1)
        _completed(stores, 0, document=kept)
        holding = _completed(stores, 1, document=gone)
        stores.documents.erase(gone, audit=an_audit())

        page = stores.datasets.holding_erased()
        assert [each.dataset_id for each in page.items] == [holding.dataset_id]
        assert (page.total, page.next_after) == (1, None)
        everything = [each.dataset_id for each in stores.datasets.page().items]
        assert stores.datasets.erased_in(everything) == {holding.dataset_id: [gone]}

    def test_no_version_is_completed_with_a_document_that_was_erased_meanwhile(self, stores: Stores) -> None:
        document = _registered(stores)
        _ordered(stores)
        dataset, claim = _claimed(stores)
        stores.datasets.add_provenance(claim, _rows_of(document))
        stores.documents.erase(document, audit=an_audit())
        with pytest.raises(DocumentErased):
            _registered(stores)

        with pytest.raises(DocumentsErased):
            stores.datasets.complete(claim, dataset, audit=an_audit())
        assert stores.datasets.get(dataset.dataset_id).status is DatasetStatus.PROCESSING
