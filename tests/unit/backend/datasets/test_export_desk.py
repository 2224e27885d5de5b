"""Exports and downloads of finished datasets over in-memory stores."""

import asyncio
import threading
from pathlib import Path

import pytest

from backend.datasets.export.exported import Exported
from backend.datasets.export.registry import UnknownExportFormat
from backend.datasets.export_desk import (
    EmptySplit,
    ExportDesk,
    ExportTask,
    NoSuchFile,
    NotExported,
    SplitAndFile,
)
from backend.datasets.export_turns import ExportTurns, endless
from backend.datasets.folders import DatasetFolders
from backend.datasets.models import ExportRequest
from shared.database.dataset_changes import DatasetNotCompleted, DatasetWithdrawn
from shared.database.stores import Stores, memory_stores
from shared.models.dataset import Dataset, Split
from shared.models.users import Principal, Role
from shared.storage import stage
from tests.support.built_versions import completed_version
from tests.support.legal_texts import candidates
from tests.support.store_values import a_dataset, an_audit

ANNA = Principal("anna", "anna@amt.example", frozenset({Role.ANALYST}))


class Desk:
    """A desk with everything around it."""

    def __init__(self, tmp_path: Path) -> None:
        self.stores: Stores = memory_stores()
        self.folders = DatasetFolders(tmp_path)
        self.exports: list[ExportTask] = []
        self.turns = ExportTurns(1)
        self.desk = ExportDesk(self.stores.datasets, self._write, self.turns)

    def export(self, dataset_id: str, order: ExportRequest) -> Exported:
        return asyncio.run(self.desk.export(dataset_id, order, ANNA))

    def completed(self) -> Dataset:
        found = candidates(3)
        return completed_version(self.stores.datasets, self.folders, 1, found, export_formats=["jsonl"])

    def _write(self, task: ExportTask) -> None:
        self.exports.append(task)
        with stage(task.target) as staged:
            (staged.path / "told").write_text(task.target.name)
            staged.publish({})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_only_a_completed_dataset_can_be_exported_or_fetched(desk: Desk) -> None:
    dataset = desk.stores.datasets.add(a_dataset(1), audit=an_audit())

    with pytest.raises(DatasetNotCompleted):
        desk.export(dataset.dataset_id, ExportRequest(format="csv"))
    with pytest.raises(DatasetNotCompleted):
        desk.desk.download(dataset.dataset_id, "csv", None, ANNA)


def test_an_export_is_written_once_and_other_options_are_another_folder(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    orders = [
        ExportRequest(format="csv"),
        ExportRequest(format="csv"),
        ExportRequest(format="csv", include_metadata=False),
        ExportRequest(format="csv", spreadsheet_safe=False),
    ]
    paths = [desk.export(dataset_id, order) for order in orders]

    assert paths[0] == paths[1]
    assert len(desk.exports) == len({each.path for each in paths}) == 3
    assert [each.name for each in paths] == ["csv", "csv", "csv-without-metadata", "csv-unguarded"]
    found = desk.stores.datasets.get(dataset_id).export_paths
    assert {name: path for name, path in found.items() if name != "jsonl"} == {each.name: each.path for each in paths}


def test_what_is_there_already_waits_for_no_turn(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    first = desk.export(dataset_id, ExportRequest(format="csv"))

    async def while_another_is_written() -> Exported:
        release = threading.Event()
        other = asyncio.create_task(desk.turns.run(release.wait, endless, 10))
        await asyncio.sleep(0)
        try:
            return await desk.desk.export(dataset_id, ExportRequest(format="csv"), ANNA)
        finally:
            assert not other.done()
            release.set()
            await other

    assert asyncio.run(while_another_is_written()) == first


def test_what_is_withdrawn_while_it_waits_is_not_written(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    ordered = desk.desk.ordered(dataset_id, ExportRequest(format="csv"))
    desk.stores.datasets.withdraw(dataset_id, reason="Einwilligung fehlt", audit=an_audit())

    with pytest.raises(DatasetWithdrawn):
        desk.desk.settle(ordered, ANNA)
    assert desk.exports == []


def test_what_others_chose_is_fetched_by_its_own_name_and_replaces_nothing(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    packed = desk.export(dataset_id, ExportRequest(format="jsonl", compression="gzip"))

    assert packed.name == "jsonl-gzip"
    assert desk.desk.download(dataset_id, "jsonl-gzip", None, ANNA, file="told").size_bytes == len("jsonl-gzip")
    with pytest.raises(NoSuchFile):
        desk.desk.download(dataset_id, "jsonl", None, ANNA, file="told")


def test_a_format_alone_means_the_only_export_that_there_is_of_it(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    desk.export(dataset_id, ExportRequest(format="csv", spreadsheet_safe=False))

    assert desk.desk.download(dataset_id, "csv", None, ANNA, file="told").size_bytes == len("csv-unguarded")
    with pytest.raises(NotExported, match="There are: csv-unguarded"):
        desk.desk.download(dataset_id, "csv-semicolon", None, ANNA)
    with pytest.raises(UnknownExportFormat):
        desk.desk.download(dataset_id, "docx-semicolon", None, ANNA)


def test_a_split_and_a_file_at_once_are_refused(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id

    with pytest.raises(SplitAndFile):
        desk.desk.download(dataset_id, "jsonl", Split.TRAIN, ANNA, file="test.jsonl")


def test_a_split_is_fetched_as_it_is_and_everything_as_a_zip(desk: Desk) -> None:
    dataset_id = desk.completed().dataset_id
    file = desk.desk.download(dataset_id, "jsonl", Split.TRAIN, ANNA)
    archive = desk.desk.download(dataset_id, "jsonl", None, ANNA)

    assert file.name == f"{dataset_id}-jsonl-train.jsonl"
    assert archive.media_type == "application/zip"
    assert desk.desk.download(dataset_id, "jsonl", None, ANNA, file="SHA256SUMS").media_type == "text/plain"
    with pytest.raises(NoSuchFile):
        desk.desk.download(dataset_id, "jsonl", None, ANNA, file="../records/train.jsonl")
    with pytest.raises(NotExported, match="no parquet export"):
        desk.desk.download(dataset_id, "parquet", None, ANNA)


def test_an_empty_split_has_no_file_to_fetch(desk: Desk) -> None:
    dataset = desk.completed()
    empty = [split for split in Split if not (Path(dataset.path or "") / f"{split}.jsonl").read_bytes()]

    assert empty, "three documents leave a split empty"
    with pytest.raises(EmptySplit):
        desk.desk.download(dataset.dataset_id, "jsonl", empty[0], ANNA)
