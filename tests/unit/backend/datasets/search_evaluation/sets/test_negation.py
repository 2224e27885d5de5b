"""Pairs of sections that differ by a negation."""

import pytest

from backend.datasets.search_evaluation.corpora.changes import a_section, change_of
from backend.datasets.search_evaluation.corpora.laws import Corpus
from backend.datasets.search_evaluation.judged import UnusableSet
from backend.datasets.search_evaluation.sets.negation import NegationSet, without_negation

SENTENCE = "Die Verwendung der Daten darf nicht über das Ende des Jahres hinausgehen."
TEXT = f"Das Amt führt ein Verzeichnis. {SENTENCE} Es ist offen."


def corpus(*texts: str) -> Corpus:
    change = change_of("d", [a_section(n, text, "Frist") for n, text in enumerate(texts)], title="")
    return Corpus("d", lambda: iter([change]))


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Er darf nicht eintreten.", ("nicht", "Er darf eintreten.")),
        ("Es gibt keinen Anspruch.", ("kein", "Es gibt einen Anspruch.")),
        ("Es besteht keine Verpflichtung dazu.", ("kein", "Es besteht eine Verpflichtung dazu.")),
        ("Er darf keine Daten speichern.", None),
        ("Er darf nicht ohne Erlaubnis eintreten.", None),
        ("Er darf eintreten.", None),
    ],
)
def test_one_negation_goes_where_the_sentence_stays_one(sentence: str, expected: tuple[str, str] | None) -> None:
    assert without_negation(sentence) == expected


def test_a_pair_differs_by_the_negation_alone_and_is_asked_both_ways() -> None:
    made = NegationSet(corpus(TEXT, "Ein anderer Abschnitt.")).build()
    texts = {stored.section_id: stored.section.text for change in made.documents() for stored in change.sections}
    said, unsaid = made.queries
    ((right,), (wrong,)) = said.relevant, said.contrary
    assert said.text == SENTENCE
    assert unsaid.text == SENTENCE.replace("nicht ", "")
    assert (tuple(unsaid.relevant), tuple(unsaid.contrary)) == ((wrong,), (right,))
    assert texts[right] == TEXT
    assert texts[wrong] == TEXT.replace("nicht ", "")
    assert "Ein anderer Abschnitt." in texts.values()


def test_a_section_with_more_than_one_negation_is_left_alone() -> None:
    with pytest.raises(UnusableSet, match="one negation"):
        NegationSet(corpus(f"{TEXT} Es ist nicht geheim.")).build()
