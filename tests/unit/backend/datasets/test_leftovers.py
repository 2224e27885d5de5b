"""Leftovers of killed processes: gone where nobody can go on with them, untouched where somebody may."""

import os
import time
from pathlib import Path

import pytest

from backend.datasets.folders import DatasetFolders
from backend.datasets.leftovers import ABANDONED_AFTER_S, clear_finished, clear_uploads


@pytest.fixture
def folders(tmp_path: Path) -> DatasetFolders:
    return DatasetFolders(tmp_path)


def _file(path: Path, *, age_s: float = 0.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")
    then = time.time() - age_s
    for each in (path, path.parent):
        os.utime(each, (then, then))


def _tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_finished_dataset_keeps_what_was_published_and_nothing_else(folders: DatasetFolders) -> None:
    attempt = folders.attempt("dataset_1", 3)
    for name in ("records/train.jsonl", "exports/csv/train.csv", "exports/.stage-jsonl.1/.train-0"):
        _file(attempt / name)
    for name in ("work/written/facts.json", ".spool-x/found.sqlite", ".stage-report.1/a", ".stray"):
        _file(attempt / name)
    _file(folders.attempt("dataset_1", 2) / "records" / "train.jsonl")

    clear_finished(folders, "dataset_1", attempt / "records")

    # an export that is being written by another process is none of ours
    assert _tree(folders.dataset("dataset_1")) == {
        "3/records/train.jsonl",
        "3/exports/csv/train.csv",
        "3/exports/.stage-jsonl.1/.train-0",
    }


def test_an_export_that_nobody_has_written_to_for_a_day_goes(folders: DatasetFolders) -> None:
    attempt = folders.attempt("dataset_1", 1)
    _file(attempt / "records" / "train.jsonl")
    _file(attempt / "exports" / ".stage-csv.1" / "old", age_s=ABANDONED_AFTER_S + 60)

    clear_finished(folders, "dataset_1", attempt / "records")

    assert _tree(folders.dataset("dataset_1")) == {"1/records/train.jsonl"}


@pytest.mark.parametrize("told", ["elsewhere/dataset_1/1/records", "datasets/dataset_2/1/records"])
def test_a_dataset_that_the_database_has_elsewhere_is_left_alone(folders: DatasetFolders, told: str) -> None:
    for name in ("1/records/a", "1/work/found/a"):
        _file(folders.dataset("dataset_1") / name)

    clear_finished(folders, "dataset_1", folders.data / told)

    assert _tree(folders.dataset("dataset_1")) == {"1/records/a", "1/work/found/a"}


def test_uploads_of_a_killed_service_go_once_nobody_can_be_at_work_there(folders: DatasetFolders) -> None:
    clear_uploads(folders)
    _file(folders.uploads / "upload_old" / "000000.md", age_s=ABANDONED_AFTER_S + 60)
    _file(folders.uploads / "upload_new" / "000000.md")

    clear_uploads(folders)

    assert _tree(folders.uploads) == {"upload_new/000000.md"}
