"""No twin stands across splits, by a measure that shares no code with the build; nothing moves when a corpus grows."""

import random
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.build_plan import BuildResult
from backend.datasets.records.candidates import Candidate
from shared.models.dataset import Deduplication, RecordFormat, Split
from tests.support.dataset_builds import a_plan, all_records, build, records
from tests.support.legal_texts import a_candidate

_NOUNS = (
    "Antrag",
    "Bescheid",
    "Gebühr",
    "Frist",
    "Anlage",
    "Satzung",
    "Friedhof",
    "Archiv",
    "Markt",
    "Straße",
    "Wasser",
)
_VERBS = ("beantragt", "genehmigt", "ändert", "versagt", "erhebt", "prüft", "bestätigt", "widerruft", "erteilt")


def _corpus(documents: int, *, first: int = 0) -> list[Candidate]:
    """Documents of four sections; many repeat a section of any other document, word by word or nearly so."""
    chooser, same = random.Random(first), random.Random("shared")
    shared = [_prose(same) for _ in range(40)]
    made = []
    for number in range(first, first + documents):
        for ordinal in range(4):
            text = _prose(chooser) if chooser.random() < 0.6 else _touched(chooser.choice(shared), chooser)
            place = {"document": f"d{number}", "path": f"corpus/{number}.md", "ordinal": 2 * ordinal}
            made.append(a_candidate(text, title=f"Satzung {number}", heading=f"Pflicht {chooser.random()}", **place))
    return made


def _prose(chooser: random.Random) -> str:
    return " ".join(
        f"Die {chooser.choice(_NOUNS)} wird von der Stelle {chooser.randrange(1000)} nach dem Gesetz geprüft, wenn "
        f"die Gemeinde einen {chooser.choice(_NOUNS)} {chooser.choice(_VERBS)} und nicht der {chooser.choice(_NOUNS)} "
        "im Sinne der Satzung ist."
        for _ in range(5)
    )


def _touched(text: str, chooser: random.Random) -> str:
    words = text.split()
    for _ in range(chooser.randrange(4)):
        words[chooser.randrange(len(words))] = "jeweils"
    return " ".join(words)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


def _shown(record: dict[str, Any]) -> Iterator[str]:
    """What a model reads, and the same without the title or the question."""
    if "messages" in record:
        question, answer = (message["content"] for message in record["messages"])
        yield f"{question}\n{answer}"
        yield answer
    else:
        yield record["text"]
        yield record["text"].partition("\n")[2]
        yield record["text"].rpartition("\n\n")[2]


def _leaks(result: BuildResult) -> int:
    """Pairs of records in two splits that are alike by at least 0.8, whatever of them is compared."""
    read = {split: [[_shingles(text) for text in _shown(each)] for each in records(result, split)] for split in Split}
    assert all(read.values())
    return sum(
        any(len(one & other) >= 0.8 * len(one | other) > 0 for one, other in zip(left, right, strict=True))
        for earlier, later in combinations(Split, 2)
        for left in read[earlier]
        for right in read[later]
    )


@pytest.mark.parametrize("record_format", [RecordFormat.TEXT, RecordFormat.MESSAGES])
@pytest.mark.parametrize("mode", list(Deduplication))
def test_no_split_holds_a_twin_of_another_one(tmp_path: Path, mode: Deduplication, record_format: RecordFormat) -> None:
    plan = a_plan(tmp_path / "1", deduplicate=mode, record_format=record_format, min_quality_score=0.0)
    result = build(plan, _corpus(120))

    assert _leaks(result) == 0
    if mode is not Deduplication.NEAR:
        assert result.statistics["sections"]["dropped"]["split_twin"] > 5


@pytest.mark.parametrize("mode", list(Deduplication))
def test_five_hundred_more_documents_move_no_record_into_another_split(tmp_path: Path, mode: Deduplication) -> None:
    before = _corpus(150)
    added = _corpus(500, first=1_000)  # most of their shared sections are those of the old documents
    old = build(a_plan(tmp_path / "1", deduplicate=mode, min_quality_score=0.0), before)
    new = build(a_plan(tmp_path / "2", deduplicate=mode, min_quality_score=0.0), [*added, *before])
    was, now = ({each["record_id"]: each["metadata"]["split"] for each in all_records(one)} for one in (old, new))

    assert len(now) > len(was) > 200
    assert all(now[record_id] == split for record_id, split in was.items() if record_id in now)
    assert len(was.keys() & now.keys()) > 0.5 * len(was)


def test_where_repetitions_stay_no_train_record_ever_leaves_for_a_newcomer(tmp_path: Path) -> None:
    before, added = _corpus(100), _corpus(200, first=1_000)
    old = build(a_plan(tmp_path / "1", deduplicate=Deduplication.OFF, min_quality_score=0.0), before)
    new = build(a_plan(tmp_path / "2", deduplicate=Deduplication.OFF, min_quality_score=0.0), [*before, *added])
    was, now = ({each["record_id"] for each in records(one, Split.TRAIN)} for one in (old, new))

    assert was <= now


def test_a_higher_threshold_never_lets_a_twin_in(tmp_path: Path) -> None:
    found = _corpus(80)
    kept = [
        {
            each["record_id"]
            for each in all_records(
                build(a_plan(tmp_path / str(number), deduplicate=Deduplication.OFF, min_quality_score=threshold), found)
            )
        }
        for number, threshold in enumerate((0.0, 0.6, 0.9))
    ]

    assert kept[0] >= kept[1] >= kept[2]
