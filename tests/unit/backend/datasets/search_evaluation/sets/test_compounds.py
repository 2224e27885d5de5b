"""Compounds taken apart and put together."""

from collections import Counter

import pytest

from backend.datasets.search_evaluation.corpora.changes import change_of
from backend.datasets.search_evaluation.corpora.laws import Corpus
from backend.datasets.search_evaluation.judged import UnusableSet
from backend.datasets.search_evaluation.sets.compounds import CompoundSet, compound_of, parts_of
from shared.models.document import Section

USES = Counter({"Ausbildung": 40, "Rahmenplan": 30, "Prüfung": 50, "Inhalt": 60, "Prüfungsinhalt": 3, "Ausb": 2})
COMMON = "für die Prüfung und den Inhalt sowie die Ausbildung nach dem Rahmenplan"


def corpus(*headings: tuple[str, str]) -> Corpus:
    named = [Section(n, heading, text, 0, 1, f"§ {n}") for n, (heading, text) in enumerate(headings)]
    plain = [Section(len(named) + n, "", COMMON, 0, 1) for n in range(25)]
    known = Section(99, "", "zu jedem Prüfungsinhalt", 0, 1)
    change = change_of("d", [*named, *plain, known], title="")
    return Corpus("d", lambda: iter([change]))


@pytest.mark.parametrize(
    ("compound", "parts"),
    [
        ("Ausbildungsrahmenplan", ("Ausbildung", "Rahmenplan")),
        ("Prüfungsinhalt", ("Prüfung", "Inhalt")),
        ("Hausrat", None),
    ],
)
def test_a_compound_is_two_nouns_of_the_corpus_without_what_links_them(
    compound: str, parts: tuple[str, str] | None
) -> None:
    assert parts_of(compound, USES) == parts


def test_two_nouns_are_joined_to_a_word_that_the_corpus_knows() -> None:
    assert compound_of("Prüfung", "Inhalt", USES) == "Prüfungsinhalt"
    assert compound_of("Ausbildung", "Inhalt", USES) is None


def test_a_heading_is_asked_with_its_compound_split_and_with_its_nouns_joined() -> None:
    made = CompoundSet(corpus(("Ausbildungsrahmenplan", "Er gilt."), ("Inhalt der Prüfung", "Er gilt nicht."))).build()
    assert [(query.kind, query.text, list(query.relevant)) for query in made.queries] == [
        ("split", "Ausbildung Rahmenplan", ["d:1:0"]),
        ("joined", "Prüfungsinhalt", ["d:1:1"]),
    ]


def test_a_section_that_holds_the_asked_words_as_they_are_is_no_test() -> None:
    with pytest.raises(UnusableSet, match="compounds"):
        CompoundSet(
            corpus(
                ("Ausbildungsrahmenplan", "Jeder Rahmenplan gilt."), ("Inhalt der Prüfung", "Der Prüfungsinhalt gilt.")
            )
        ).build()
