"""What a person decided about a text counts more than what a profile or a threshold says."""

import json
from pathlib import Path
from typing import Any

from backend.datasets.build import DatasetBuild
from backend.datasets.build_plan import BuildResult
from backend.datasets.quality.normalise import normalise
from shared.models.review import ReviewState, text_key_of
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.legal_texts import GOOD, a_candidate, candidates

TABLE = "1 234,00 5 678,00 9 101,00 " * 20
SHAKY = GOOD + " 12.345,67 €" * 4


def _rulings(text: str, state: ReviewState) -> dict[str, ReviewState]:
    return {text_key_of(normalise(text)): state}


def _note(result: BuildResult, section_id: str) -> Any:
    lines = (result.records_dir.parent / "quality" / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    return next(note for note in map(json.loads, lines) if note["section_id"] == section_id)


def test_a_kept_text_stays_although_the_profile_rejects_it_and_no_threshold_is_met(tmp_path: Path) -> None:
    found = [*candidates(3), a_candidate(TABLE, document="d")]
    plain = build(a_plan(tmp_path / "1"), found)
    ruled = build(a_plan(tmp_path / "2"), found, rulings=_rulings(TABLE, ReviewState.KEPT))
    (score,) = (record["quality_score"] for record in all_records(ruled) if record["document_id"] == "d")

    assert _note(plain, "d:1:0")["decision"] == _note(ruled, "d:1:0")["decision"] == "reject"
    assert _note(plain, "d:1:0")["dropped"] is not None
    assert (_note(ruled, "d:1:0")["dropped"], _note(ruled, "d:1:0")["ruling"]) == (None, "kept")
    assert score < 0.5


def test_a_rejected_text_is_dropped_wherever_it_stands_and_counted(tmp_path: Path) -> None:
    found = [*candidates(3), a_candidate(document="d1"), a_candidate(f"  {GOOD} ", document="d2", path="b.md")]
    result = build(a_plan(tmp_path / "1"), found, rulings=_rulings(GOOD, ReviewState.REJECTED))

    assert result.statistics["sections"]["dropped"] == {"rejected_by_review": 2}
    assert _note(result, "d1:1:0")["ruling"] == _note(result, "d2:1:0")["ruling"] == "rejected"
    assert not {"d1", "d2"} & {record["document_id"] for record in all_records(result)}


def test_without_a_ruling_the_note_says_so(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), candidates(1))

    assert _note(result, "doc_0:1:0")["ruling"] is None


def test_the_text_that_stands_for_a_kept_one_is_spared_too(tmp_path: Path) -> None:
    # the longer one stays, and no ruling is about it
    found = [
        *candidates(3),
        a_candidate(SHAKY, document="d1"),
        a_candidate(f"{SHAKY} und mehr", document="d2", path="b.md"),
    ]
    plain = build(a_plan(tmp_path / "1", min_quality_score=0.9), found)
    ruled = build(a_plan(tmp_path / "2", min_quality_score=0.9), found, rulings=_rulings(SHAKY, ReviewState.KEPT))

    assert plain.statistics["sections"]["dropped"] == {"low_score": 1, "near_duplicate": 1}
    assert ruled.statistics["sections"]["dropped"] == {"near_duplicate": 1}
    assert _note(ruled, "d2:1:0")["dropped"] is None


def test_rulings_are_looked_up_for_many_texts_at_once(tmp_path: Path) -> None:
    asked: list[int] = []

    def rulings_of(keys: Any) -> dict[str, ReviewState]:
        asked.append(len(keys))
        return {}

    plan = a_plan(tmp_path / "1")
    DatasetBuild(plan, rulings_of=rulings_of, keep_provenance=lambda rows: None, report=lambda stage, done: None).run(
        candidates(30)
    )

    assert asked == [180]
