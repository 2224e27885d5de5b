"""What training texts give away of evaluation texts."""

import random

import pytest

from backend.datasets.duplicates.contamination import ContaminationCheck, Coverage, Overlap, Passage
from backend.datasets.duplicates.evaluation_index import EvaluationIndex
from backend.datasets.duplicates.texts import ComparedText

QUESTION = (
    "Wie hoch ist die Gebühr, die ein Antragsteller für die Ausstellung einer Zweitschrift des Führerscheins nach der "
    "Gebührenordnung für Amtshandlungen im Verkehrswesen zu entrichten hat?"
)
WORDS = QUESTION.split()
TRAINING = "Frage 17 aus der Sammlung: " + QUESTION.upper().replace(",", " –") + " Antwort: 35 Euro."


def _check(*evaluation: ComparedText, least_share: float = 0.5) -> ContaminationCheck:
    return ContaminationCheck(EvaluationIndex(evaluation), least_share=least_share)


def _text(text: str, text_id: str = "training") -> ComparedText:
    return ComparedText(text_id, text)


def test_a_text_that_stands_in_a_training_text_is_reported_whatever_its_case_and_punctuation() -> None:
    check = _check(_text(QUESTION, "question"))

    (overlap,) = check.overlaps([_text(TRAINING), _text("Etwas ganz anderes.", "other")])

    assert overlap == Overlap("training", "question", len(WORDS) - 12, 1.0, (Passage(0, len(QUESTION) - 1),))


def test_passages_are_the_stretches_whose_ngrams_are_shared() -> None:
    changed = [*WORDS]
    changed[14] = "Drittschrift"
    check = _check(_text(QUESTION, "question"), least_share=0.1)

    (overlap,) = check.overlaps([_text(" ".join(changed))])

    assert overlap.ngram_count == 2
    assert overlap.share == 14 / len(WORDS)
    assert [QUESTION[passage.start : passage.end] for passage in overlap.passages] == [" ".join(WORDS[:14])]


def test_two_stretches_that_do_not_touch_are_two_passages() -> None:
    long = [f"wort{number}" for number in range(60)]
    check = _check(_text(" ".join(long), "long"))

    (overlap,) = check.overlaps([_text(" ".join([*long[30:], "und", *long[:20]]))])

    passages = [" ".join(long)[passage.start : passage.end].split() for passage in overlap.passages]
    assert passages == [long[:20], long[30:]]
    assert (overlap.ngram_count, overlap.share) == (8 + 18, 50 / 60)


def test_two_stretches_that_touch_are_one_passage() -> None:
    long = [f"wort{number}" for number in range(26)]
    check = _check(_text(" ".join(long), "long"))

    (overlap,) = check.overlaps([_text(" ".join([*long[13:], "und", *long[:13]]))])

    assert (overlap.ngram_count, overlap.passages) == (2, (Passage(0, len(" ".join(long))),))


@pytest.mark.parametrize(("least_share", "is_reported"), [(14 / len(WORDS), True), (14 / len(WORDS) + 1e-9, False)])
def test_pairs_below_the_share_are_not_reported_but_add_up(least_share: float, is_reported: bool) -> None:
    check = _check(_text("a b c d e f", "short"), _text(QUESTION, "question"), least_share=least_share)

    reported = list(check.overlaps([_text(" ".join(WORDS[:14]))]))

    assert [each.evaluation_id for each in reported] == (["question"] if is_reported else [])
    assert list(check.coverage()) == [Coverage("question", 14 / len(WORDS))]


@pytest.mark.parametrize("seed", range(5))
def test_a_least_share_leaves_exactly_the_pairs_that_share_as_much(seed: int) -> None:
    chooser = random.Random(seed)
    # few words in many orders: n-grams that overlap, repeat, and stand in several texts
    stock = [" ".join(chooser.choices("abcdef", k=chooser.randrange(5, 40))) for _ in range(8)]
    texts = [_text(" ".join(chooser.sample(stock, 3)), f"t{n}") for n in range(40)]
    evaluation, training = texts[:15], texts[15:]
    everything = list(_check(*evaluation, least_share=0).overlaps(training))

    assert len({overlap.share for overlap in everything}) > 5
    for least_share in {overlap.share for overlap in everything}:
        found = list(_check(*evaluation, least_share=least_share).overlaps(training))
        assert found == [overlap for overlap in everything if overlap.share >= least_share]


def test_a_text_scattered_over_many_training_texts_is_covered_by_all_of_them_together() -> None:
    check = _check(_text(QUESTION, "question"), least_share=0.9)
    parts = [_text(" ".join(WORDS[start : start + 13]), str(start)) for start in (0, 5, len(WORDS) - 13)]

    assert list(check.overlaps(parts)) == []
    assert list(check.coverage()) == [Coverage("question", 1.0)]


def test_a_short_question_is_looked_for_as_a_whole() -> None:
    check = _check(_text("Wann ist die Gebühr fällig?", "short"))

    found = list(
        check.overlaps([_text("Wann ist die Gebühr nun fällig?"), _text("1. Wann ist die Gebühr fällig?", "b")])
    )

    assert [(each.training_id, each.ngram_count, each.share) for each in found] == [("b", 1, 1.0)]


def test_a_digit_or_an_umlaut_breaks_the_ngram() -> None:
    check = _check(_text("Die Gebühr nach § 3 ist fällig.", "short"))

    assert (
        list(check.overlaps([_text("Die Gebühr nach § 8 ist fällig."), _text("Die Gebuhr nach § 3 ist fällig.")])) == []
    )


def test_without_texts_nothing_is_found() -> None:
    assert list(_check().overlaps([_text(QUESTION)])) == []
    check = _check(_text(QUESTION))
    assert list(check.overlaps([])) == []
    assert list(check.coverage()) == []
