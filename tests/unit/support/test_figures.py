from pathlib import Path

import pytest

from tests.support.figures import between, record, table


def test_measuring_one_thing_again_replaces_its_line_and_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    record(file, [{"test": "b", "value": 1}, {"test": "a", "value": 2}], key=lambda line: (line["test"],))
    lines = record(file, [{"test": "b", "value": 3}], key=lambda line: (line["test"],))
    assert lines == [{"test": "a", "value": 2}, {"test": "b", "value": 3}]
    assert len(file.read_text().splitlines()) == 2


def test_nested_figures_keep_their_path_in_the_table() -> None:
    assert "| bare first_s | 0.5 |" in table({"bare": {"first_s": 0.5}})


def test_only_what_stands_between_the_marks_is_replaced() -> None:
    assert between("a <!-- m -->old<!-- /m --> z", "m", "new") == "a <!-- m -->new<!-- /m --> z"


def test_a_text_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="has no"):
        between("a z", "m", "new")
