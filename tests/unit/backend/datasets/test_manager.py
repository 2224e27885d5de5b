"""The use cases of the dataset service over in-memory stores."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.common.ownership import NotTheirOwn, creator_from
from backend.datasets.folders import DatasetFolders
from backend.datasets.manager import DatasetManager
from backend.datasets.models import DatasetRequest
from shared.auth.policies import Actor
from shared.database.base import DatasetNotFound
from shared.database.dataset_changes import DatasetInUse, DatasetNotCompleted
from shared.database.stores import Stores, memory_stores
from shared.models.dataset import Dataset, DatasetStatus
from shared.models.users import Principal, Role
from tests.support.dataset_builds import a_plan, build
from tests.support.legal_texts import candidates

ANNA = Principal("anna", "anna@amt.example", frozenset({Role.ANALYST}))


class Desk:
    """A manager with everything around it."""

    def __init__(self, tmp_path: Path) -> None:
        self.stores: Stores = memory_stores()
        self.folders = DatasetFolders(tmp_path)
        self.changes = 0
        self.manager = DatasetManager(
            self.stores.datasets,
            self.stores.documents,
            self.folders,
            creator_of=creator_from(self.stores.audit),
            on_change=self._changed,
        )

    def create(self, **changes: Any) -> Dataset:
        return self.manager.create(a_request(**changes), ANNA, request_id="req_1")

    def completed(self) -> Dataset:
        dataset = self.create()
        claimed = self.stores.datasets.claim("builder", lease_s=60)
        assert claimed is not None
        result = build(a_plan(self.folders.attempt(dataset.dataset_id, 1)), candidates(3))
        done = replace(claimed[0], path=str(result.records_dir), record_count=result.record_count)
        audit = self.stores.audit.page(limit=1)[0][1]
        return self.stores.datasets.complete(claimed[1], done, audit=audit)

    def _changed(self) -> None:
        self.changes += 1


def a_request(**changes: Any) -> DatasetRequest:
    values = {"name": "Satzungen", "search_query": {"query_text": "Gebühr"}, **changes}
    return DatasetRequest.model_validate(values)


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


def test_only_a_completed_dataset_can_be_read(desk: Desk) -> None:
    dataset_id = desk.create().dataset_id

    with pytest.raises(DatasetNotCompleted):
        desk.manager.records(dataset_id, ANNA, limit=1, after=None)


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
