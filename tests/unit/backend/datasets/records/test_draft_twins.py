"""Drafts of later splits that an earlier one says, by a plain look at every pair of the records that they become."""

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from backend.datasets.records.draft_twins import SplitTwinDrafts
from backend.datasets.records.drafting import RunningTextDrafter
from backend.datasets.records.drafts import Draft, content_of
from backend.datasets.records.passages import Passage
from backend.datasets.records.personal import TreatedPassage
from shared.models.dataset import RecordFormat, Split
from tests.support.leak_measure import compared, similarity
from tests.support.legal_texts import a_candidate

ASKED = [each for each in RecordFormat if each.is_asked] + [RecordFormat.PREFERENCE]


class Said(RunningTextDrafter):
    """What was said of each passage."""

    is_whole = False

    def __init__(self, said: Mapping[str, Sequence[Draft]]) -> None:
        self._said = said

    def drafts(self, treated: TreatedPassage) -> list[Draft]:
        return list(self._said[treated.passage.first.document_key])


def a_passage(path: str) -> TreatedPassage:
    found = a_candidate("Text.", document=path, path=path)
    return TreatedPassage(Passage((found,)), ["Text."])


def some_words(chooser: random.Random, most: int) -> str:
    """A run of a song that all texts are taken from, so that many are alike; now and then with a word of its own."""
    start, count = chooser.randrange(12), chooser.randrange(1, most)
    words = [f"wort{(start + place) % 60}" for place in range(count)]
    if chooser.random() < 0.4:
        words[chooser.randrange(count)] = "anders"
    return " ".join(words)


def a_draft(chooser: random.Random, number: int) -> Draft:
    return Draft(
        question=some_words(chooser, 4),
        context=some_words(chooser, 30) if chooser.random() < 0.3 else "",
        answer=some_words(chooser, 60),
        rejected=some_words(chooser, 20),
        template="said",
        number=number,
    )


@pytest.mark.parametrize("record_format", ASKED)
def test_what_is_alike_is_left_out_and_nothing_else(tmp_path: Path, record_format: RecordFormat) -> None:
    chooser = random.Random(record_format.value)
    passages = {split: [a_passage(f"{split}/{number}") for number in range(20)] for split in Split}
    said = {
        each.passage.first.document_key: [a_draft(chooser, number) for number in range(chooser.randrange(4))]
        for those in passages.values()
        for each in those
    }
    kept, dropped = _written(passages, Said(said), record_format, tmp_path)

    for split in list(Split)[1:]:
        earlier = [draft for other in list(Split)[: list(Split).index(split)] for draft in kept[other]]
        assert all(_nearest(draft, earlier, record_format) < 0.8 for draft in kept[split])
        assert all(_nearest(draft, earlier, record_format) >= 0.7 for draft in dropped[split])
        assert kept[split]
        assert dropped[split]
    assert dropped[Split.TRAIN] == []


def _written(
    passages: Mapping[Split, Sequence[TreatedPassage]], drafter: Said, record_format: RecordFormat, scratch: Path
) -> tuple[dict[Split, list[Draft]], dict[Split, list[Draft]]]:
    kept: dict[Split, list[Draft]] = {split: [] for split in Split}
    dropped: dict[Split, list[Draft]] = {split: [] for split in Split}
    with SplitTwinDrafts(drafter, record_format, scratch) as twins:
        for split in list(Split)[1:]:
            twins.hold(split, passages[split])
        for split in Split:
            for treated in passages[split]:
                drafts = drafter.drafts(treated)
                new = twins.without_twins(treated.passage, drafts, split)
                twins.see(split, new)
                kept[split] += new
                dropped[split] += [draft for draft in drafts if draft not in new]
        assert twins.left_out == sum(map(len, dropped.values()))
    return kept, dropped


def _nearest(draft: Draft, others: Sequence[Draft], record_format: RecordFormat) -> float:
    own = list(compared(content_of(draft, record_format)))
    return max(
        similarity(one, other)
        for each in others
        for one, other in zip(own, compared(content_of(each, record_format)), strict=True)
    )


def test_what_is_left_out_for_its_score_is_not_repeated_either(tmp_path: Path) -> None:
    train, test = a_passage("train"), a_passage("test")
    same = Draft(question="Was ist eine Anlage?", answer="Jede Einrichtung der Gemeinde.", template="said")
    drafter = Said({each.passage.first.document_key: [same] for each in (train, test)})
    with SplitTwinDrafts(drafter, RecordFormat.MESSAGES, tmp_path) as twins:
        twins.hold(Split.TEST, [test])
        twins.see_unwritten(Split.TRAIN, train)

        assert twins.without_twins(test.passage, [same], Split.TEST) == []


def test_a_passage_that_must_not_be_used_holds_nothing(tmp_path: Path) -> None:
    passage = a_passage("test").passage
    with SplitTwinDrafts(Said({}), RecordFormat.MESSAGES, tmp_path) as twins:
        twins.hold(Split.TEST, [TreatedPassage(passage, ())])

        assert twins.without_twins(passage, [], Split.TEST) == []


def test_records_that_are_their_passages_are_not_compared_again(tmp_path: Path) -> None:
    passage = a_passage("test")
    drafter = RunningTextDrafter()
    drafts = drafter.drafts(passage)
    with SplitTwinDrafts(drafter, RecordFormat.TEXT, tmp_path) as twins:
        twins.hold(Split.TEST, [passage])
        twins.see(Split.TRAIN, drafts)

        assert twins.without_twins(passage.passage, drafts, Split.TEST) == drafts
