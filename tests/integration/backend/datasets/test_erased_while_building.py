"""A document that is erased while a build runs, or lies killed, is in no version (D9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database.dataset_changes import DocumentsErased
from shared.models.dataset import DatasetStatus
from tests.support.claimed_builds import DOCUMENTS, Building, Killed


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    building = Building.ordered(tmp_path)
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
    assert (building.folders.attempt(building.dataset_id, 1) / "work" / stage).is_dir()
    building.erase()
    again = building.build()

    assert again.status is DatasetStatus.COMPLETED
    assert building.erased not in building.documents_of(again)
    records = "".join(path.read_text() for path in Path(str(again.path)).glob("*.jsonl"))
    assert building.erased not in records
    assert [path.name for path in building.folders.dataset(building.dataset_id).iterdir()] == ["2"]


def test_a_killed_build_goes_on_with_its_provenance(building: Building) -> None:
    def die() -> None:
        raise Killed

    with pytest.raises(Killed):
        building.build(written=die)
    done = building.build()

    assert len(building.documents_of(done)) == DOCUMENTS
    assert len(building.stores.datasets.provenance(done.dataset_id, limit=10_000)) == done.record_count
    assert not (Path(str(done.path)).parent / "work").exists()
