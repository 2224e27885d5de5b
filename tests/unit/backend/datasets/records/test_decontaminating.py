"""Sections that give evaluation texts away, by their names on every installation."""

import json
from collections.abc import Iterator
from pathlib import Path

from backend.datasets.records.candidates import Candidate
from backend.datasets.records.decontaminating import Decontamination, Giveaway
from tests.support.legal_texts import GOOD, a_candidate

WORDS = " ".join(GOOD.split()).split(" ")


def _decontamination(folder: Path, **sets: list[list[str]]) -> Decontamination:
    for name, texts in sets.items():
        lines = (json.dumps({"prompt": "", "completion": " ".join(words)}) for words in texts)
        (folder / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return Decontamination(folder)


def test_the_evaluation_text_of_which_most_is_given_away_is_named_and_the_first_of_equals(tmp_path: Path) -> None:
    half, whole = [*WORDS[:30], *map(str, range(20))], WORDS[:30]
    given = _decontamination(tmp_path, a=[half], b=[half, whole], c=[whole])
    section = a_candidate(ordinal=1_000_001)

    assert given.giveaways(lambda: [section]) == {(section.document_key, 1_000_001): Giveaway("b.jsonl:2", 1.0)}


def test_case_punctuation_and_white_space_do_not_hide_a_text(tmp_path: Path) -> None:
    given = _decontamination(tmp_path, a=[[word.strip(".,()").upper() + "\n" for word in WORDS]])

    assert len(given.giveaways(lambda: [a_candidate()])) == 1


def test_sections_are_read_as_a_stream_and_twice(tmp_path: Path) -> None:
    readings: list[int] = []

    def sections() -> Iterator[Candidate]:
        readings.append(len(readings))
        yield from (a_candidate(f"{GOOD} Nummer {number}.", ordinal=number) for number in range(3))

    given = _decontamination(tmp_path, a=[[*WORDS[:20], *map(str, range(30))]])

    assert given.giveaways(sections) == {}
    assert readings == [0, 1]


def test_what_many_sections_hold_together_is_told_with_and_without_those_that_are_dropped(tmp_path: Path) -> None:
    thirds = [WORDS[:20], [f"anlage{n}" for n in range(20)], [f"gebühr{n}" for n in range(20)]]
    scattered = [word for third in thirds for word in third]
    given = _decontamination(tmp_path, a=[scattered, WORDS[:40]])
    first, *others = (a_candidate(" ".join(words), ordinal=n) for n, words in enumerate((WORDS, *thirds[1:])))

    found = given.giveaways(lambda: [first, *others])
    with_two = given.as_json(len(found))["coverage"]["a.jsonl"]
    given.giveaways(lambda: [first, others[0]])
    with_one = given.as_json(1)["coverage"]["a.jsonl"]

    assert found == {(first.document_key, 0): Giveaway("a.jsonl:2", 1.0)}
    assert with_two == {"texts": 2, "covered": 2, "left": 1}
    assert with_one == {"texts": 2, "covered": 2, "left": 0}
