"""The meter of finished records sees every leak that is planted."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.datasets.report.leaks import LeakMeter
from shared.models.dataset import Split
from tests.support.legal_texts import GOOD, section_text


def a_record(path: str, text: str) -> dict[str, Any]:
    return {"text": f"Titel {path}\n{text}", "source": "amt", "metadata": {"path": path}}


@contextmanager
def measured(folder: Path, **splits: list[dict[str, Any]]) -> Iterator[dict[str, int]]:
    meter = LeakMeter(folder)
    by_split = {split: splits.get(split.value, []) for split in Split}
    for split in (Split.VALIDATION, Split.TEST):
        meter.hold(split, by_split[split])
    for split, records in by_split.items():
        for record in records:
            meter.add(record, split)
    yield meter.counts()
    meter.close()


def test_apart_there_is_none(tmp_path: Path) -> None:
    train = [a_record(f"{number}.md", section_text(number, 0)) for number in range(3)]
    with measured(tmp_path, train=train, test=[a_record("x.md", GOOD)]) as counts:
        assert counts == {"documents": 0, "texts": 0, "near_duplicates": 0}


def test_a_document_in_two_splits_is_seen(tmp_path: Path) -> None:
    with measured(tmp_path, train=[a_record("a.md", GOOD)], test=[a_record("a.md", section_text(1, 1))]) as counts:
        assert counts == {"documents": 1, "texts": 0, "near_duplicates": 0}


def test_an_equal_text_counts_as_a_near_one_too(tmp_path: Path) -> None:
    with measured(tmp_path, train=[a_record("a.md", GOOD)], validation=[a_record("b.md", GOOD)]) as counts:
        assert counts == {"documents": 0, "texts": 1, "near_duplicates": 1}


def test_a_near_text_is_seen_between_validation_and_test(tmp_path: Path) -> None:
    near = GOOD.replace("öffentlichen", "städtischen")
    with measured(tmp_path, validation=[a_record("a.md", GOOD)], test=[a_record("b.md", near)]) as counts:
        assert counts == {"documents": 0, "texts": 0, "near_duplicates": 1}
