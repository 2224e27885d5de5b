"""Tables of contents in ordinary layouts are told from lists, schedules of fees and prose."""

import random

import pytest

from backend.datasets.quality.contents_entries import share_of_headings
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.profile import built_in
from tests.support.contents_layouts import CONTENTS

TITLES = [
    "Zweck",
    "Örtliche Zuständigkeit",
    "Gebühren; Auslagen",
    "Frist nach § 4 Abs. 2 Nr. 1",
    "Tabelle 1",
    "Schluss",
]
ITEMS = """Gegenstand der Berufsausbildung sind mindestens die folgenden Fertigkeiten, Kenntnisse und Fähigkeiten:

1. Berufsbildung, Arbeits- und Tarifrecht,

2. Aufbau und Organisation des Ausbildungsbetriebes,

3. Sicherheit und Gesundheitsschutz bei der Arbeit,

4. Umweltschutz,

5. Planen und Vorbereiten von Arbeitsabläufen."""
FEES = "Ausstellung eines Reisepasses 60 Personalausweis 37 Führungszeugnis 13 Meldebescheinigung 10 Beglaubigung 5"
REFERENCES = (
    "Die Frist nach Absatz 1 Satz 2 Nummer 3 beginnt mit dem Tag nach § 4 Absatz 5 Satz 6 und endet nach Absatz 7"
    " Satz 8 Nummer 9 mit dem Ablauf des Jahres"
)


@pytest.mark.parametrize("name", CONTENTS)
def test_a_table_of_contents_is_rejected_in_every_layout(name: str) -> None:
    rng = random.Random(5)
    texts = [normalise(CONTENTS[name]("", rng)) for _ in range(20)]

    found = QualityPipeline(built_in("legal-de")).assess_many(texts)

    assert [each.decision for each in found] == [Decision.REJECT] * len(texts)
    assert all("table_of_contents" in each.reasons for each in found)


@pytest.mark.parametrize(
    "layout", ["{title} {page}", "{title}, S. {page}", "- {title} ({page})", "a) {title} … {page}"]
)
def test_headings_may_hold_numbers_and_marks_of_their_own(layout: str) -> None:
    text = normalise("\n".join(layout.format(title=title, page=3 * at) for at, title in enumerate(TITLES, 1)))

    assert share_of_headings(text.replace("- ", "")) > 0.9


def test_pages_that_fall_or_stand_still_are_no_pages() -> None:
    still = " ".join(f"{title} 7" for title in ("Gebühr", "Auslagen", "Zuschlag", "Porto", "Zins", "Mahnung"))

    assert share_of_headings(FEES) == share_of_headings(still) == 0


@pytest.mark.parametrize(
    "text", ["", " ", "12", "Inhalt", ITEMS, REFERENCES, f"1. Zweck\n2. Frist\n3. Kosten\n{ITEMS}"]
)
def test_lists_in_sentences_and_references_are_no_headings(text: str) -> None:
    assert share_of_headings(text) == 0


def test_a_table_with_marked_cells_is_spared_though_its_numbers_rise() -> None:
    rows = "\n\n".join(
        f"* * {kind}\n\n* {number}" for number, kind in enumerate(("Kies", "Sand", "Lehm", "Ton", "Torf"), 70)
    )
    (found,) = QualityPipeline(built_in("legal-de")).assess_many([rows])

    assert "table_of_contents" not in found.reasons
