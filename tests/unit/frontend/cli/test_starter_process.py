"""The making of a starter model as a child process."""

import json
import sys
import textwrap
from pathlib import Path

import pytest

from frontend.cli.session import Session, SharedOptions
from frontend.cli.starter_process import StarterExists, StarterFailed, StarterRefused, run_starter

SESSION = Session(SharedOptions(as_json=True))


def child(tmp_path: Path, body: str) -> list[str]:
    script = tmp_path / "child.py"
    script.write_text("import json, sys\n" + textwrap.dedent(body))
    return [sys.executable, str(script)]


def saying(tmp_path: Path, *lines: object, exit_code: int = 0) -> list[str]:
    spoken = "\n".join(f"print({json.dumps(line)!r})" for line in lines)
    return child(tmp_path, f"{spoken}\nsys.exit({exit_code})")


def test_the_last_line_is_the_result_and_arguments_reach_the_child(tmp_path: Path) -> None:
    body = """
        print(json.dumps({"event": "progress", "stage": "pretraining", "step": 1, "total_steps": 2, "loss": 3.0}))
        print("no JSON at all")
        print(json.dumps({"event": "done", "path": sys.argv[1]}))
    """
    assert run_starter(SESSION, ["--target=/x"], command=child(tmp_path, body)) == {"path": "--target=/x"}


def test_progress_is_drawn_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step = {"event": "progress", "stage": "pretraining", "step": 7, "total_steps": 9, "loss": 3.25, "eta_s": 61.0}
    command = saying(tmp_path, step, {"event": "done"})
    run_starter(Session(SharedOptions()), [], command=command)
    shown = capsys.readouterr().err
    assert "pretraining" in shown
    assert "step 7/9" in shown


@pytest.mark.parametrize(
    ("family", "error"),
    [("Conflict", StarterExists), ("Unavailable", StarterFailed), ("InvalidInput", StarterRefused)],
)
def test_a_named_refusal_keeps_its_family_and_its_words(tmp_path: Path, family: str, error: type[Exception]) -> None:
    last = {"event": "error", "code": "x", "family": family, "message": "because of this"}
    with pytest.raises(error, match="because of this"):
        run_starter(SESSION, [], command=saying(tmp_path, last, exit_code=2))


def test_a_crash_is_told_with_the_last_line_of_its_trace(tmp_path: Path) -> None:
    with pytest.raises(StarterFailed, match=r"exit code 1\. RuntimeError: out of luck"):
        run_starter(SESSION, [], command=child(tmp_path, "raise RuntimeError('out of luck')"))


def test_an_end_without_a_last_word_is_no_success(tmp_path: Path) -> None:
    with pytest.raises(StarterFailed, match="exit code 0"):
        run_starter(SESSION, [], command=saying(tmp_path, {"event": "progress", "stage": "reading"}))


def test_much_output_on_stderr_does_not_block_the_child(tmp_path: Path) -> None:
    body = """
        sys.stderr.write("x" * 1_000_000 + "\\n")
        print(json.dumps({"event": "done", "path": "p"}))
    """
    assert run_starter(SESSION, [], command=child(tmp_path, body)) == {"path": "p"}
