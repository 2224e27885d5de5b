"""`clara feedback` against a live server."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import Clara
from tests.support.contract_app import ContractState
from tests.support.training_runs import write_jsonl

ADD = ("feedback", "add", "--prompt", "Wo ist das Amt?")


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {"prompt": f"Frage {number}?", "answer": f"Antwort {number}.", "rating": 5, **changes}


def test_a_judgement_is_given_once(clara: Clara, state: ContractState) -> None:
    first = clara(*ADD, "--answer", "Im Rathaus.", "--rating", "5")
    assert (first.exit_code, first.stdout.strip()) == (0, "fb_1")
    assert clara(*ADD, "--answer", "Im Rathaus.", "--score", "-1").stdout.strip() == "fb_1"
    (row,) = state.feedback.values()
    assert (row["score"], row["source"], row["importance"]) == (1.0, "cli", 1)
    assert "correction" not in row


def test_what_is_rejected_is_exit_code_1_with_the_reason(clara: Clara) -> None:
    result = clara(*ADD, "--answer", "!!!", "--rating", "5")
    assert (result.exit_code, result.stdout.strip()) == (1, "fb_1")
    assert "answer_no_words" in result.stderr
    assert clara.json(*ADD, "--answer", "???", "--rating", "5", exit_code=1)["rejected"] == 1


@pytest.mark.parametrize("arguments", [("--rating", "6"), ("--score", "1.5"), ("--importance", "0")])
def test_a_figure_out_of_range_is_misuse(clara: Clara, arguments: tuple[str, str]) -> None:
    assert clara(*ADD, "--answer", "Im Rathaus.", *arguments).exit_code == 2


def test_a_file_is_given_in_bounded_batches(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "f.jsonl", [line(number) for number in range(1200)])
    found = clara.json("feedback", "import", str(path), "--source", "review")
    assert (found["accepted"], found["rejected"], found["duplicates"]) == (1200, 0, 0)
    assert (state.batches, len(found["items"])) == ([500, 500, 200], 1200)
    assert {row["source"] for row in state.feedback.values()} == {"review"}
    again = clara("feedback", "import", str(path))
    assert (again.exit_code, "1200 known already" in again.stdout) == (0, True)


def test_large_texts_make_small_batches(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "f.jsonl", [line(number, answer="x" * 90_000) for number in range(20)])
    assert clara("feedback", "import", str(path)).exit_code == 0
    assert sum(state.batches) == 20
    assert max(state.batches) <= 8


def test_rejected_lines_are_listed_and_do_not_stop_the_rest(clara: Clara, tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "f.jsonl", [line(1), line(2, answer="!"), line(3)])
    result = clara("feedback", "import", str(path))
    assert result.exit_code == 1
    assert "2 accepted, 1 rejected" in result.stdout
    assert "line 2: rejected: answer_no_words" in result.stderr


def test_a_line_that_cannot_be_right_is_named(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    lines = [*(line(number) for number in range(600)), line(600, rating=7)]
    result = clara("feedback", "import", str(write_jsonl(tmp_path / "f.jsonl", lines)))
    assert result.exit_code == 2
    assert "f.jsonl, line 601: rating must be at most 5" in result.stderr
    assert "500 items before it are stored" in result.stderr
    assert len(state.feedback) == 500


@pytest.mark.parametrize("content", ["{", "[1]", '"x"', "\xff"])
def test_a_file_that_is_no_feedback_stores_nothing(
    clara: Clara, state: ContractState, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(json.dumps(line(1)).encode() + b"\n\n" + content.encode("latin-1"))
    result = clara("feedback", "import", str(path))
    assert result.exit_code == 2
    assert "line 3" in result.stderr
    assert not state.feedback


def test_a_list_is_narrowed_and_an_item_shown(clara: Clara, state: ContractState, tmp_path: Path) -> None:
    assert "clara feedback add" in clara("feedback", "list").stdout
    clara("feedback", "import", str(write_jsonl(tmp_path / "f.jsonl", [line(1), line(2, answer="!"), line(3)])))
    assert "answer_no_words" in clara("feedback", "list").stdout
    found = clara.json(
        "feedback", "list", "--state", "rejected", "--corrected", "--since", "2026-01-05", "--limit", "1"
    )
    assert [item["feedback_id"] for item in found["items"]] == ["fb_2"]
    asked = state.asked[-1]
    assert (asked["state"], asked["has_correction"], asked["limit"]) == ("rejected", "true", "1")
    assert asked["since"].startswith("2026-01-05T00:00:00+")
    assert "Antwort 1." in clara("feedback", "show", "fb_1").stdout
    assert clara("feedback", "show", "fb_9").exit_code == 4


def test_pairs_and_targets_are_written_to_a_new_file(clara: Clara, tmp_path: Path) -> None:
    lines = [
        line(1),
        line(2, rating=1),
        line(3, rating=1, correction="Besser."),
        line(4, answer="!", correction="Gut."),
    ]
    clara("feedback", "import", str(write_jsonl(tmp_path / "f.jsonl", lines)))
    pairs, targets = tmp_path / "pairs.jsonl", tmp_path / "targets.jsonl"
    assert "1 records written" in clara("feedback", "export", str(pairs)).stdout
    assert clara.json("feedback", "export", str(targets), "--kind", "targets")["records"] == 2
    assert [json.loads(row) for row in pairs.read_text(encoding="utf-8").splitlines()] == [
        {"prompt": "Frage 3?", "chosen": "Besser.", "rejected": "Antwort 3."}
    ]
    assert {json.loads(row)["completion"] for row in targets.read_text(encoding="utf-8").splitlines()} == {
        "Antwort 1.",
        "Besser.",
    }
    assert clara("feedback", "export", str(pairs)).exit_code == 5


def test_the_report_shows_verdict_and_evidence(clara: Clara, state: ContractState) -> None:
    answer = {"bound": 0.0123, "required": 0.005, "is_passed": True}
    comparison = {
        "verdict": "reject",
        "compared_with": None,
        "confidence": 0.95,
        "held_out": answer,
        "golden": {**answer, "required": 0.02},
        "fit": {**answer, "bound": -0.004, "is_passed": False},
    }
    state.reports["job_1"] = {"metrics": {"comparison": comparison}}
    shown = clara("jobs", "report", "job_1").stdout
    assert "Compared with base model: REJECT" in shown
    assert "sure to 95%" in shown
    rows = [row for row in shown.splitlines() if "passed" in row]
    assert len(rows) == 3
    assert "0.0123" in rows[0]
    assert "at most 0.0200" in rows[1]
    assert rows[2].rstrip().endswith("not passed")
