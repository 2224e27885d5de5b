"""Terms that a section defines, and sentences that only look as if they did."""

import pytest

from backend.datasets.quality.normalise import normalise
from backend.datasets.records.passages import Passage
from backend.datasets.records.templates.base import Source
from backend.datasets.records.templates.kinds.definition import DefinitionKind
from tests.support.legal_texts import a_candidate


def found(text: str) -> dict[str, str]:
    source = Source(Passage((a_candidate(text),)), [normalise(text)])
    return {each["term"]: each["definition"] for each in DefinitionKind().examples(source)}


def test_a_term_before_the_words_is_defined_by_its_sentence() -> None:
    text = (
        "(1) Abfälle im Sinne dieser Satzung sind alle Stoffe, derer sich ihr Besitzer entledigt. Näheres regelt die\n"
        "Verwaltung.\n\n(2) Der öffentliche Grünraum im Sinne dieses Gesetzes ist jede Fläche nach Anlage 1."
    )

    assert found(text) == {
        "Abfälle": "Abfälle im Sinne dieser Satzung sind alle Stoffe, derer sich ihr Besitzer entledigt.",
        "öffentliche Grünraum": "Der öffentliche Grünraum im Sinne dieses Gesetzes ist jede Fläche nach Anlage 1.",
    }


def test_a_definition_that_goes_on_in_a_list_has_the_whole_list() -> None:
    text = (
        "(1) Nahverkehr im Sinne dieses Gesetzes ist der Verkehr mit\n\n1. Straßenbahnen und\n\n2. Bussen.\n\n"
        "(2) Anderes bleibt frei."
    )

    assert found(text)["Nahverkehr"].endswith("2. Bussen.")


def test_quoted_terms_in_a_list_are_defined_by_their_items() -> None:
    text = (
        "Im Sinne dieser Verordnung bedeutet:\n1. „Bieter“ wer ein Gebot abgibt,\n2. „Zuschlagswert“ der Wert, der im\n"
        "Gebot angegeben ist."
    )

    assert found(text) == {
        "Bieter": "1. „Bieter“ wer ein Gebot abgibt",
        "Zuschlagswert": "2. „Zuschlagswert“ der Wert, der im Gebot angegeben ist.",
    }


@pytest.mark.parametrize(
    "text",
    [
        "Projekte im Sinne des Absatzes 1 sind zulässig, wenn sie den Zielen nicht widersprechen.",
        "Die Steuergestaltung im Sinne des § 138d Absatz 2 ist dem Bundeszentralamt zu melden.",
        "Angaben im Sinne der §§ 11 und 12 sind nachzutragen, wenn der Eigentümer es beantragt.",
        "Den Angehörigen im Sinne dieser Vereinbarung sind andere Personen gleichgestellt.",
        "Wer Inhaber eines Betriebs im Sinne dieses Gesetzes ist, hat die Anzeige zu erstatten.",
        "Kein Abfall im Sinne dieses Gesetzes ist der Boden.",
        "Soweit Anlagen im Sinne dieses Gesetzes die Umwelt belasten, gilt Satz 1.",
        "Die Gebühr ist der Gemeinde zu zahlen.",
        "",
    ],
)
def test_what_is_not_certain_is_left_out(text: str) -> None:
    assert found(text) == {}
