"""Pages of canonical records: complete, in order, from a cursor on."""

import json
from pathlib import Path

import pytest

from backend.datasets.records.paging import UnknownCursor, records_page
from shared.models.dataset import Split


@pytest.fixture
def records_dir(tmp_path: Path) -> Path:
    for split, count in (("train", 5), ("validation", 0), ("test", 2)):
        lines = [json.dumps({"record_id": f"{split}-{number}", "text": "ü"}) + "\n" for number in range(count)]
        (tmp_path / f"{split}.jsonl").write_text("".join(lines), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, 50])
def test_pages_hold_every_record_once_and_in_order(records_dir: Path, limit: int) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        page, after = records_page(records_dir, after=after, limit=limit)
        assert len(page) <= limit
        found += [record["record_id"] for record in page]
        if after is None:
            break

    assert found == [f"train-{number}" for number in range(5)] + ["test-0", "test-1"]


@pytest.mark.parametrize(("split", "count"), [(Split.TRAIN, 5), (Split.VALIDATION, 0), (Split.TEST, 2)])
def test_pages_of_one_split_hold_nothing_of_another(records_dir: Path, split: Split, count: int) -> None:
    found: list[str] = []
    page, after = records_page(records_dir, split=split, after=None, limit=1)
    while page:
        found += [record["record_id"] for record in page]
        page, after = records_page(records_dir, split=split, after=after, limit=1) if after else ([], None)

    assert found == [f"{split}-{number}" for number in range(count)]


def test_a_cursor_of_another_split_is_refused(records_dir: Path) -> None:
    _, after = records_page(records_dir, after=None, limit=1)

    with pytest.raises(UnknownCursor):
        records_page(records_dir, split=Split.TEST, after=after, limit=1)


@pytest.mark.parametrize("after", ["x", "train", "train:-1", "train:3", "nope:0", "train:99999"])
def test_a_cursor_that_is_none_of_ours_is_refused(records_dir: Path, after: str) -> None:
    with pytest.raises(UnknownCursor):
        records_page(records_dir, after=after, limit=1)
