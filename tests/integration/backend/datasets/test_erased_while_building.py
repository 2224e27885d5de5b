"""A document that is erased while a build runs, or lies killed, is in no version (D9)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.folders import DatasetFolders
from backend.datasets.models import DatasetRequest
from backend.datasets.stages import Stage
from backend.datasets.workers.build_worker import Pipe, build_claimed
from config.testing import TestingConfig
from shared.database.dataset_changes import DocumentsErased
from shared.database.stores import Stores, open_stores
from shared.models.dataset import Dataset, DatasetClaim, DatasetStatus
from tests.support.dataset_service import an_order
from tests.support.legal_texts import a_parsed_document
from tests.support.store_values import a_dataset, an_audit

DOCUMENTS = 8


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the build's own cleaning up runs behind it that knows of it."""


class TestPipe(Pipe):
    """Acts when a stage is finished."""

    __test__ = False

    def __init__(self, acts: dict[Stage, Callable[[], None]]) -> None:
        self._acts = acts

    def say(self, kind: Any, **fields: Any) -> None:
        """Do what is to be done behind a stage."""
        if "stage" in fields and fields["stage"] in set(Stage):
            self._acts.pop(Stage(fields["stage"]), lambda: None)()


class Building:
    """Stores with documents, and a dataset that is ordered of all of them."""

    def __init__(self, home: Path) -> None:
        self.settings = TestingConfig(home=home, security_mode="testing")
        self.stores: Stores = open_stores(
            self.settings.database_url_resolved, derived_stores=("embedded", "embedded_vectors")
        )
        for number in range(DOCUMENTS):
            self.put(number)
        order = a_dataset(1)
        request = DatasetRequest.model_validate(an_order()).model_dump(mode="json")
        self.dataset_id = self.stores.datasets.add(
            Dataset(order.dataset_id, "Satzungen", "", order.created_at, "a@b", request), audit=an_audit()
        ).dataset_id

    def put(self, number: int) -> str:
        document, _ = self.stores.documents.put(
            a_parsed_document(number),
            source="amt",
            path=f"{number}.md",
            sha256=f"{number:064d}",
            size_bytes=9,
            ingested_by="a@b",
        )
        return document.document_id

    def erase(self) -> None:
        self.erased = self.put(3)
        self.stores.documents.erase(self.erased, audit=an_audit())

    def claim(self) -> DatasetClaim:
        found = self.stores.datasets.claim("builder-1", lease_s=-1)
        assert found is not None
        return found[1]

    def build(self, **acts: Callable[[], None]) -> Dataset:
        pipe = TestPipe({Stage(name): act for name, act in acts.items()})
        return build_claimed(self.stores, self.settings, self.claim(), pipe)

    def documents_of(self, dataset: Dataset) -> set[str]:
        return {row.document_id for row in self.stores.datasets.provenance(dataset.dataset_id)}


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    building = Building(tmp_path)
    yield building
    building.stores.close()


@pytest.mark.parametrize("stage", ["found", "settled", "written"])
def test_a_document_that_is_erased_on_the_way_makes_the_build_begin_again(building: Building, stage: str) -> None:
    with pytest.raises(DocumentsErased):
        building.build(**{stage: building.erase})
    again = building.build()

    assert again.status is DatasetStatus.COMPLETED
    assert building.erased not in building.documents_of(again)
    assert len(building.documents_of(again)) == DOCUMENTS - 1


@pytest.mark.parametrize("stage", ["found", "written"])
def test_what_a_killed_build_left_is_worth_nothing_once_a_document_of_it_is_erased(
    building: Building, stage: str
) -> None:
    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        building.build(**{stage: die})
    folders = DatasetFolders(building.settings.data_dir)
    assert (folders.attempt(building.dataset_id, 1) / "work" / stage).is_dir()
    building.erase()
    again = building.build()

    assert again.status is DatasetStatus.COMPLETED
    assert building.erased not in building.documents_of(again)
    records = "".join(path.read_text() for path in Path(str(again.path)).glob("*.jsonl"))
    assert building.erased not in records
    assert [path.name for path in folders.dataset(building.dataset_id).iterdir()] == ["2"]


def test_a_killed_build_goes_on_with_its_provenance(building: Building) -> None:
    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        building.build(written=die)
    done = building.build()

    assert len(building.documents_of(done)) == DOCUMENTS
    assert len(building.stores.datasets.provenance(done.dataset_id, limit=10_000)) == done.record_count
    assert not (Path(str(done.path)).parent / "work").exists()
