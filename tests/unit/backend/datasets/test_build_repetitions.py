"""Of what says nearly the same one section stays, in one split, whatever the order and the threshold."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_plan import BuildResult
from backend.datasets.records.candidates import Candidate
from backend.datasets.splits import SplitPlan
from shared.models.dataset import Deduplication, Split
from tests.support.dataset_builds import a_plan, all_records, build
from tests.support.legal_texts import GOOD, a_candidate, candidates

TWIN = GOOD.replace("öffentlichen Grünanlagen", "städtischen Grünanlagen")


def _path_in(split: Split) -> str:
    plan = SplitPlan()
    return next(path for number in count() if plan.split(path := f"{split}/{number}.md") is split)


def _valid(candidate: Candidate, first: date | None, last: date | None = None) -> Candidate:
    section = replace(candidate.section, valid_from=first, valid_to=last)
    return replace(candidate, stored=replace(candidate.stored, section=section))


def _in_two_splits(first: str, second: str) -> list[Candidate]:
    return [
        a_candidate(first, document="d1", path=_path_in(Split.TRAIN)),
        a_candidate(second, document="d2", path=_path_in(Split.TEST)),
        *candidates(3),
    ]


def _notes(result: BuildResult) -> Iterator[Any]:
    lines = (result.records_dir.parent / "quality" / "sections.jsonl").read_text(encoding="utf-8").splitlines()
    return map(json.loads, lines)


def _kept_of(result: BuildResult, *documents: str) -> list[str]:
    return [record["document_id"] for record in all_records(result) if record["document_id"] in documents]


def test_near_twins_in_two_splits_leave_one_that_knows_how_many_it_stands_for(tmp_path: Path) -> None:
    result = build(a_plan(tmp_path / "1"), _in_two_splits(GOOD, TWIN))
    sections = result.statistics["sections"]

    assert len(_kept_of(result, "d1", "d2")) == 1
    assert sections["dropped"] == {"near_duplicate": 1}
    assert result.statistics["clusters"] == 1
    assert sections["found"] == sections["kept"] + 1
    assert sorted(note["cluster_size"] for note in _notes(result)) == [1] * (sections["found"] - 1) + [2]


@pytest.mark.parametrize(
    ("mode", "second", "dropped"),
    [
        (Deduplication.NEAR, GOOD, {"duplicate": 1}),
        (Deduplication.NEAR, TWIN, {"near_duplicate": 1}),
        (Deduplication.EXACT, GOOD, {"duplicate": 1}),
        (Deduplication.EXACT, TWIN, {"split_twin": 1}),
        (Deduplication.OFF, GOOD, {"duplicate": 1}),
        (Deduplication.OFF, TWIN, {"split_twin": 1}),
    ],
)
def test_across_splits_each_mode_drops_what_it_says_and_equal_texts_always(
    tmp_path: Path, mode: Deduplication, second: str, dropped: dict[str, int]
) -> None:
    result = build(a_plan(tmp_path / "1", deduplicate=mode), _in_two_splits(GOOD, second))

    assert result.statistics["sections"]["dropped"] == dropped
    assert result.statistics["split_leak"] == {"documents": 0, "texts": 0, "near_duplicates": 0}


@pytest.mark.parametrize(("mode", "kept"), [(Deduplication.NEAR, 1), (Deduplication.EXACT, 1), (Deduplication.OFF, 2)])
def test_within_a_split_repetitions_stay_only_if_that_is_asked_for(
    tmp_path: Path, mode: Deduplication, kept: int
) -> None:
    path = _path_in(Split.TRAIN)
    found = [a_candidate(document="d1", path=path), a_candidate(document="d2", path=path, ordinal=4)]

    assert len(_kept_of(build(a_plan(tmp_path / "1", deduplicate=mode), found), "d1", "d2")) == kept


def test_states_of_a_text_that_were_never_in_force_together_both_stay(tmp_path: Path) -> None:
    states = [
        _valid(a_candidate(GOOD, document="d1", path="a.md"), None, date(2019, 12, 31)),
        _valid(a_candidate(TWIN, document="d1", path="a.md", ordinal=2), date(2020, 1, 1)),
    ]
    result = build(a_plan(tmp_path / "1"), [*states, *candidates(3)])

    assert _kept_of(result, "d1") == ["d1", "d1"]


def test_states_of_a_text_in_two_splits_leave_the_earlier_split(tmp_path: Path) -> None:
    found = _in_two_splits(GOOD, TWIN)
    apart = [_valid(found[0], None, date(2019, 12, 31)), _valid(found[1], date(2020, 1, 1)), *found[2:]]
    result = build(a_plan(tmp_path / "1"), apart)

    assert _kept_of(result, "d1", "d2") == ["d1"]
    assert result.statistics["sections"]["dropped"] == {"split_twin": 1}


def test_the_newest_state_of_a_split_stands_for_the_others(tmp_path: Path) -> None:
    path = _path_in(Split.TRAIN)
    texts = (a_candidate(GOOD, document="d1", path=path), a_candidate(TWIN, document="d2", path=path, ordinal=2))

    for newest, kept in ((0, "d1"), (1, "d2")):
        days = [date(2021 if number == newest else 2020, 1, 1) for number in range(2)]
        found = [_valid(text, day) for text, day in zip(texts, days, strict=True)]
        result = build(a_plan(tmp_path / kept), [*found, *candidates(3)])
        assert _kept_of(result, "d1", "d2") == [kept]


def test_no_newer_state_in_a_later_split_displaces_what_was_trained_on(tmp_path: Path) -> None:
    found = _in_two_splits(GOOD, TWIN)
    newer_last = [_valid(found[0], date(2020, 1, 1)), _valid(found[1], date(2021, 1, 1)), *found[2:]]

    assert _kept_of(build(a_plan(tmp_path / "1"), newer_last), "d1", "d2") == ["d1"]


def test_the_order_in_which_twins_are_found_does_not_matter(tmp_path: Path) -> None:
    found = [*candidates(10), *_twins(random.Random(3))]
    shuffled = random.Random(4).sample(found, len(found))

    one, other = build(a_plan(tmp_path / "1"), found), build(a_plan(tmp_path / "2"), shuffled)

    assert one.statistics["clusters"] > 1
    assert one.content_sha256 == other.content_sha256
    assert one.manifest_sha256 == other.manifest_sha256


@pytest.mark.parametrize("seed", range(3))
def test_a_higher_threshold_never_adds_a_record_among_twins(tmp_path: Path, seed: int) -> None:
    found = [*candidates(10), *_twins(random.Random(seed))]
    kept = [
        {
            record["record_id"]
            for record in all_records(build(a_plan(tmp_path / f"{number}", min_quality_score=threshold), found))
        }
        for number, threshold in enumerate((0.0, 0.5, 0.9, 0.99))
    ]

    assert kept[0] >= kept[1] >= kept[2] >= kept[3]
    assert len(kept[0]) > len(kept[3])


def test_nothing_is_left_of_the_files_of_the_comparison(tmp_path: Path) -> None:
    build(a_plan(tmp_path / "1"), _in_two_splits(GOOD, TWIN))

    assert sorted(path.name for path in (tmp_path / "1").iterdir()) == [
        "lineage",
        "quality",
        "records",
        "report",
        "work",
    ]


def _twins(chooser: random.Random) -> Iterator[Candidate]:
    """Copies with slips of different sizes, of different quality and age."""
    for number, parent in enumerate(chooser.choices(list(candidates(6)), k=40)):
        words = parent.section.text.split(" ")
        for _ in range(chooser.choice([0, 1, 2])):
            words[chooser.randrange(len(words))] = "Amt"
        fees = " 12.345,67 €" * chooser.choice([0, 0, 4, 5])
        twin = a_candidate(" ".join(words) + fees, document=f"twin_{number}", path=f"twins/{number}.md")
        yield _valid(twin, date(2020, 1, 1 + chooser.randrange(3)))
