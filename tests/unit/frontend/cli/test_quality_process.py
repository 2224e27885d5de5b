"""The child process of `clara quality`: how what it says becomes an answer or an error."""

import json
import sys
from typing import Any

import pytest

from frontend.cli.quality_process import NoSuchDocument, QualityFailed, QualityInTheWay, QualityRefused, run_quality
from frontend.cli.session import Session, SharedOptions

SESSION = Session(SharedOptions(as_json=True))


def child(*lines: dict[str, Any], code: int = 0) -> list[str]:
    """A process that says these lines and ends."""
    said = [json.dumps(line) for line in lines]
    return [sys.executable, "-c", f"print({chr(10).join(said)!r}); raise SystemExit({code})"]


def error(family: str) -> dict[str, Any]:
    return {"event": "error", "code": "x", "family": family, "message": "So nicht."}


def test_the_last_line_is_the_answer() -> None:
    command = child({"event": "progress", "stage": "judge", "step": 1, "total_steps": 2}, {"event": "done", "n": 1})

    assert run_quality(SESSION, ["preview"], command=command) == {"n": 1}


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("InvalidInput", QualityRefused),
        ("Conflict", QualityInTheWay),
        ("NotFound", NoSuchDocument),
        ("Unavailable", QualityFailed),
    ],
)
def test_an_error_keeps_its_family(family: str, expected: type[Exception]) -> None:
    with pytest.raises(expected, match="So nicht"):
        run_quality(SESSION, [], command=child(error(family), code=2))


def test_a_child_that_says_nothing_has_failed() -> None:
    with pytest.raises(QualityFailed, match="exit code 9"):
        run_quality(SESSION, [], command=child(code=9))


def test_the_real_child_shows_a_built_in_profile() -> None:
    assert run_quality(SESSION, ["profile", "--profile=general-de"])["name"] == "general-de"
