"""What gives an evaluation text away is not trained on, named, and counted."""

import json
import random
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_errors import NothingKept
from backend.datasets.build_plan import BuildResult
from backend.datasets.quality.normalise import normalise
from backend.datasets.records.candidates import Candidate
from backend.datasets.records.evaluation_texts import UnusableEvaluationSet
from backend.datasets.splits import SplitPlan
from shared.models.dataset import Split
from shared.models.review import ReviewState, text_key_of
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.legal_texts import GOOD, a_candidate, candidates, section_text

SENTENCE = (
    "Mehrere Schuldner haften als Gesamtschuldner. Die Gebühr wird mit der Bekanntgabe des Bescheides fällig, wenn in "
    "diesem nicht ein späterer Zeitpunkt bestimmt ist."
)
OTHER = "Wie viele Kleingärten verpachtet die Stadt im Jahr an Vereine, die sich um Bienen und seltene Vögel kümmern?"


def _sets(folder: Path, **sets: list[str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, texts in sets.items():
        lines = (json.dumps({"text": text}) for text in texts)
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def _path_in(split: Split) -> str:
    plan = SplitPlan()
    return next(path for number in count() if plan.split(path := f"{split}/{number}.md") is split)


def _found(split: Split = Split.TRAIN) -> list[Candidate]:
    return [*candidates(3), a_candidate(document="d", path=_path_in(split))]


def _notes(result: BuildResult) -> Mapping[str, Any]:
    lines = (result.records_dir.parent / "quality" / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    return {note["section_id"]: note for note in map(json.loads, lines)}


def _documents(result: BuildResult) -> set[str]:
    return {record["document_id"] for record in all_records(result)}


def test_a_section_that_holds_an_evaluation_text_is_dropped_and_the_text_is_named(tmp_path: Path) -> None:
    folder = _sets(tmp_path / "sets", amt=[OTHER, SENTENCE], schule=["Warum ist das so?"], zoll=["Wer?"])
    result = build(a_plan(tmp_path / "1", evaluation_sets=folder), _found())
    notes = _notes(result)
    given_away = notes.pop("d:1:0")

    assert "d" not in _documents(result)
    assert result.statistics["sections"]["dropped"] == {"contaminated": 1}
    assert given_away["dropped"] == "contaminated"
    assert (given_away["evaluation_text"], given_away["evaluation_share"]) == ("amt.jsonl:2", 1.0)
    assert {note["evaluation_text"] for note in notes.values()} == {None}
    assert result.statistics["contamination"] == {
        "sets": ["amt.jsonl", "schule.jsonl", "zoll.jsonl"],
        "ngram_words": 13,
        "least_share": 0.5,
        "evaluation_texts": 4,
        "unchecked": 2,
        "dropped": 1,
        "coverage": {
            "amt.jsonl": {"texts": 2, "covered": 1, "left": 0},
            "schule.jsonl": {"texts": 1, "covered": 0, "left": 0},
            "zoll.jsonl": {"texts": 1, "covered": 0, "left": 0},
        },
    }


def test_the_manifest_names_the_evaluation_sets_by_their_digests(tmp_path: Path) -> None:
    results = [
        build(a_plan(tmp_path / str(number), evaluation_sets=_sets(tmp_path / f"sets{number}", amt=[text])), _found())
        for number, text in enumerate((OTHER, OTHER, f"{OTHER}!"))
    ]
    properties = [json.loads((result.records_dir / "manifest.json").read_text())["properties"] for result in results]

    assert set(properties[0]["contamination"]) == {"ngram_words", "least_share", "evaluation_sets"}
    assert results[0].manifest_sha256 == results[1].manifest_sha256 != results[2].manifest_sha256
    assert len({result.content_sha256 for result in results}) == 1


def test_without_evaluation_sets_nothing_is_compared(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), _found())

    assert result.statistics["contamination"] is None
    assert "contamination" not in (result.records_dir / "manifest.json").read_text()
    assert result.statistics["sections"]["dropped"] == {}


@pytest.mark.parametrize(("split", "is_kept"), [(Split.TRAIN, False), (Split.VALIDATION, False), (Split.TEST, True)])
def test_only_what_models_see_in_training_is_compared(tmp_path: Path, split: Split, is_kept: bool) -> None:
    folder = _sets(tmp_path / "sets", amt=[SENTENCE])
    result = build(a_plan(tmp_path / "1", evaluation_sets=folder), _found(split))

    assert ("d" in _documents(result)) is is_kept


def test_sections_of_which_each_holds_less_than_half_stay_and_are_counted_together(tmp_path: Path) -> None:
    path = _path_in(Split.TRAIN)
    parts = (GOOD, section_text(91, 0), section_text(92, 3))
    scattered = " ".join(word for part in parts for word in normalise(part).split()[:20])
    folder = _sets(tmp_path / "sets", amt=[scattered, OTHER])
    found = [a_candidate(part, document="d", ordinal=number, path=path) for number, part in enumerate(parts)]
    result = build(a_plan(tmp_path / "1", evaluation_sets=folder), [*candidates(3), *found])

    assert "d" in _documents(result)
    assert result.statistics["contamination"]["dropped"] == 0
    assert result.statistics["contamination"]["coverage"] == {"amt.jsonl": {"texts": 2, "covered": 1, "left": 1}}


def test_a_person_who_keeps_a_text_does_not_bring_an_evaluation_text_back(tmp_path: Path) -> None:
    folder = _sets(tmp_path / "sets", amt=[SENTENCE])
    rulings = {text_key_of(normalise(GOOD)): ReviewState.KEPT}
    result = build(a_plan(tmp_path / "1", evaluation_sets=folder), _found(), rulings=rulings)

    assert "d" not in _documents(result)


def test_a_twin_of_what_gives_a_text_away_does_not_take_its_place(tmp_path: Path) -> None:
    folder = _sets(tmp_path / "sets", amt=[SENTENCE])
    twin = a_candidate(GOOD.replace("unbillig", "sehr unbillig"), document="d2", path="b.md")
    result = build(a_plan(tmp_path / "1", evaluation_sets=folder), [*_found(), twin])

    assert result.statistics["sections"]["dropped"] == {"contaminated": 1, "near_duplicate": 1}
    assert not {"d", "d2"} & _documents(result)


def test_the_order_in_which_sections_are_found_does_not_matter(tmp_path: Path) -> None:
    hidden = [section_text(document, ordinal) for document in range(8) for ordinal in (0, 3)]
    folder = _sets(tmp_path / "sets", amt=hidden[:8], schule=hidden[4:])
    found = list(candidates(10))
    shuffled = random.Random(4).sample(found, len(found))
    one, other = (
        build(a_plan(tmp_path / name, evaluation_sets=folder), sections)
        for name, sections in (("1", found), ("2", shuffled))
    )

    assert one.statistics["contamination"]["dropped"] > 10
    assert one.statistics == other.statistics
    assert (one.content_sha256, one.manifest_sha256) == (other.content_sha256, other.manifest_sha256)
    assert _notes(one) == _notes(other)


def test_a_build_of_which_nothing_is_left_says_why(tmp_path: Path) -> None:
    folder = _sets(tmp_path / "sets", amt=[GOOD])

    with pytest.raises(NothingKept, match="1 contaminated"):
        build(a_plan(tmp_path / "1", evaluation_sets=folder), [a_candidate()])


def test_a_set_that_cannot_be_read_ends_the_build_before_anything_is_made(tmp_path: Path) -> None:
    folder = _sets(tmp_path / "sets", amt=[GOOD])
    (folder / "amt.jsonl").write_text("{", encoding="utf-8")

    with pytest.raises(UnusableEvaluationSet, match=r"amt\.jsonl, line 1"):
        build(a_plan(tmp_path / "1", evaluation_sets=folder), iter(()))
    assert not (tmp_path / "1").exists()
