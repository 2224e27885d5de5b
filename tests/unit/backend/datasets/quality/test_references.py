"""Paragraphs that cite and say nothing else have no prose to be judged; what only looks like one is judged."""

import random

import pytest

from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.profile import built_in
from tests.support.contents_layouts import CONTENTS
from tests.support.garbage import garbage
from tests.support.legal_texts import GOOD
from tests.support.references import REFERENCES

NOT_MEASURED = {
    "stop_word_share",
    "distinct_stop_words",
    "symbol_share",
    "mean_word_length",
    "digit_share",
    "letter_tokens",
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_paragraph_of_references_is_kept(name: str) -> None:
    found = QualityPipeline(built_in("legal-de")).assess(normalise(REFERENCES[name]))

    assert (found.decision, found.signals.keys() & NOT_MEASURED) == (Decision.KEEP, set())


def test_where_short_texts_cost_more_it_is_reviewed_at_most() -> None:
    found = QualityPipeline(built_in("general-de")).assess_many(map(normalise, REFERENCES.values()))

    assert Decision.REJECT not in {each.decision for each in found}
    assert {reason for each in found for reason in each.reasons} <= {"words", "single_letter_words"}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        (
            "Die Klage ist nach § 42 Abs. 1 VwGO zulässig, weil der Kläger durch den Bescheid vom 3. Mai 2019 in "
            "seinen Rechten verletzt sein kann; die Frist des § 74 Abs. 1 VwGO ist gewahrt."
        ),
        "§ 1 Anwendungsbereich\n§ 2 Höhe der Gebühr\n§ 3 Fälligkeit\n§ 4 Verhältnis zu anderen Normen",
        "Start Kontakt Impressum 2021 Datenschutz Suche Hilfe Login 2020 Presse Karriere Termine § 5 TMG",
        "aus jeweils 58,80 Euro brutto seit dem 2. Januar 2011, 2. Februar 2011, 2. März 2011 und 2. April 2011",
        "Nr. 1 1.234,00 2.345,00 3.456,00 4.567,00 5.678,00 6.789,00 7.890,00 8.901,00 9.012,00 1.123,00",
        "(1)AufGrunddes§4Abs.2Nr.3desGesetzesinderFassungvom2.Januar1968(BGBl.IS.1,29)wirdbekanntgemacht:§5Abs.1gilt.",
        "HOME KONTAKT IMPRESSUM 2021 AGB FAQ 24 LOGIN 7 SITEMAP 3 RSS 1 PDF 12 BGB 5",
    ],
)
def test_prose_tables_and_menus_with_a_reference_are_not_references(text: str) -> None:
    assert TextColumns([normalise(text)]).are_references.tolist() == [False]


TABLES = (
    "table_of_contents",
    "headings_only",
    "number_table",
    "small_number_table",
    "labelled_number_table",
    *CONTENTS,
)


@pytest.mark.parametrize("name", TABLES)
def test_tables_and_contents_are_rejected_whatever_signs_they_hold(name: str) -> None:
    found = QualityPipeline().assess_many(map(normalise, garbage([GOOD] * 20, name, random.Random(1))))

    assert {each.decision for each in found} == {Decision.REJECT}


def test_a_register_of_references_is_no_paragraph() -> None:
    texts = [" ".join([REFERENCES["norms_of_a_ruling"]] * times) for times in (1, 20)]

    assert TextColumns(texts).are_references.tolist() == [True, False]
