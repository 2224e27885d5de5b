"""What was measured of a document goes with it, and little else."""

import json
from pathlib import Path

import pytest

from backend.datasets.curation.buckets import bucket_of
from backend.datasets.curation.forgetting import forget_document

BUCKETS = 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for way in ("a1", "b2"):
        (tmp_path / "signals" / way).mkdir(parents=True)
        for number in range(BUCKETS):
            (tmp_path / "signals" / way / f"{number:05d}-00ff.parquet").touch()
    (tmp_path / "duplicates").mkdir()
    (tmp_path / "duplicates" / "00ff.jsonl").touch()
    (tmp_path / "signals" / "buckets.json").write_text(json.dumps({"buckets": BUCKETS}))
    return tmp_path


def _left(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.*") if path.name != "buckets.json"}


def test_the_bucket_of_a_document_goes_however_it_was_measured_and_all_duplicates(folder: Path) -> None:
    before = _left(folder)
    forget_document(folder, "doc_7")
    number = bucket_of("doc_7", BUCKETS)

    gone = {f"signals/{way}/{number:05d}-00ff.parquet" for way in ("a1", "b2")}
    assert before - _left(folder) == {*gone, "duplicates/00ff.jsonl"}
    assert (folder / "signals" / "buckets.json").is_file()


def test_where_nobody_knows_the_number_of_buckets_all_of_them_go(folder: Path) -> None:
    (folder / "signals" / "buckets.json").write_text("{")
    forget_document(folder, "doc_7")

    assert _left(folder) == set()
    forget_document(folder / "nothing", "doc_7")


def test_what_killed_runs_left_of_it_goes_too(folder: Path) -> None:
    number = bucket_of("doc_7", BUCKETS)
    left = [
        folder / "signals" / "a1" / f".{number:05d}-00ff.parquet.aa.partial",
        folder / "duplicates" / ".00ff.jsonl.aa.partial",
    ]
    for file in left:
        file.touch()

    forget_document(folder, "doc_7")

    assert not any(file.exists() for file in left)
