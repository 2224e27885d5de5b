"""Validation of whole files."""

import subprocess
import sys
from pathlib import Path

import pytest

from backend.training.formats.validation import EmptyData, InvalidRecords, check_file
from tests.support.training_runs import write_jsonl


def test_a_good_file_says_its_shape_and_size(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"prompt": "a", "completion": "b"}] * 3)
    assert check_file(path) == ("prompt_completion", 3)


def test_bad_rows_are_listed_with_line_field_and_reason(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "gut"}, {"text": 1}, {"prompt": "x", "completion": "y"}, {}])
    with pytest.raises(InvalidRecords) as caught:
        check_file(path)
    assert caught.value.context["count"] == 3
    rows = caught.value.context["rows"]
    assert [(row["line"], row["field"]) for row in rows] == [(2, "text"), (3, ""), (4, "")]  # type: ignore[attr-defined]
    assert "line 2, text: must be text, found a number" in caught.value.message


def test_the_first_hundred_bad_rows_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": ""}] * 250)
    with pytest.raises(InvalidRecords) as caught:
        check_file(path)
    assert caught.value.context["count"] == 250
    assert len(caught.value.context["rows"]) == 100  # type: ignore[arg-type]


def test_a_record_with_two_shapes_is_refused(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "messages": []}])
    with pytest.raises(InvalidRecords, match="only one of them"):
        check_file(path)


def test_null_columns_of_other_shapes_do_not_count(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": "a", "messages": None, "prompt": None}])
    assert check_file(path) == ("text", 1)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n\n")
    with pytest.raises(EmptyData):
        check_file(path)


def test_validation_needs_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from backend.training.formats.validation import check_file; "
        "from backend.training.formats.registry import installed_shapes; installed_shapes(); "
        "sys.exit(bool({'torch', 'transformers', 'numpy', 'pyarrow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
