"""Merging as a child process: each way to fail has its family, and so its exit code."""

import json
import sys
from pathlib import Path

import pytest

from frontend.cli.merge_process import MergeFailed, MergeInTheWay, MergeRefused, NothingToMerge, run_merge
from frontend.cli.session import Session, SharedOptions

SESSION = Session(SharedOptions(as_json=True))


def saying(tmp_path: Path, line: object, exit_code: int = 0) -> list[str]:
    script = tmp_path / "child.py"
    script.write_text(f"import sys\nprint({json.dumps(line)!r})\nsys.exit({exit_code})", encoding="utf-8")
    return [sys.executable, str(script)]


@pytest.mark.parametrize(
    ("family", "error"),
    [
        ("NotFound", NothingToMerge),
        ("Conflict", MergeInTheWay),
        ("Unavailable", MergeFailed),
        ("InvalidInput", MergeRefused),
    ],
)
def test_a_named_refusal_keeps_its_family_and_its_words(tmp_path: Path, family: str, error: type[Exception]) -> None:
    last = {"event": "error", "code": "x", "family": family, "message": "because of this"}
    with pytest.raises(error, match=r"Nothing was merged: because of this|Nichts wurde .*: because of this"):
        run_merge(SESSION, [], command=saying(tmp_path, last, exit_code=2))


def test_a_crash_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(MergeFailed, match="exit code 1"):
        run_merge(SESSION, [], command=saying(tmp_path, {"event": "progress", "stage": "loading"}, exit_code=1))


def test_the_result_is_what_the_child_says_last(tmp_path: Path) -> None:
    assert run_merge(SESSION, [], command=saying(tmp_path, {"event": "done", "path": "/m"})) == {"path": "/m"}
