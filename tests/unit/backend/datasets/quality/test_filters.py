"""Each filter measures its signals and rejects what it is there for."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.filters.contents import ContentsFilter
from backend.datasets.quality.filters.digits import DigitShareFilter
from backend.datasets.quality.filters.doubled_words import DoubledWordFilter
from backend.datasets.quality.filters.encoding import EncodingFilter
from backend.datasets.quality.filters.letter_spacing import LetterSpacingFilter
from backend.datasets.quality.filters.letters import LetterShareFilter
from backend.datasets.quality.filters.lines import DuplicateLineFilter
from backend.datasets.quality.filters.misread_letters import MisreadLetterFilter
from backend.datasets.quality.filters.ngrams import RepeatedPhraseFilter
from backend.datasets.quality.filters.repealed import RepealedFilter
from backend.datasets.quality.filters.short_repetition import ShortRepetitionFilter
from backend.datasets.quality.filters.stop_words import StopWordFilter
from backend.datasets.quality.filters.symbols import SymbolShareFilter
from backend.datasets.quality.filters.tables import TableFilter
from backend.datasets.quality.filters.vocabulary import VocabularyFilter
from backend.datasets.quality.filters.word_length import WordLengthFilter
from backend.datasets.quality.filters.words import WordCountFilter
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline, installed_filters
from backend.datasets.quality.profile import Judgement, built_in
from tests.support.garbage import garbage
from tests.support.legal_texts import GOOD, section_text
from tests.support.plain_quality import plain_signals

REJECTED: list[tuple[type[BaseFilter], str, str]] = [
    (WordCountFilter, "Siehe Anlage.", "stub"),
    (RepealedFilter, "(weggefallen)", "repealed"),
    (RepealedFilter, "§§ 5 bis 7 (aufgehoben)", "repealed"),
    (RepealedFilter, "§ 12a (weggefallen)", "repealed"),
    (RepealedFilter, "§§ 5, 6 und 8 b - gestrichen -", "repealed"),
    (RepealedFilter, "(1) (weggefallen)\n(2) gegenstandslos", "repealed"),
    (RepealedFilter, "-", "repealed"),
    (WordLengthFilter, "a b c de f gh i k " * 3, "short_words"),
    (WordLengthFilter, "Gemeindeordnungsgesetz " * 20, "long_words"),
    (WordLengthFilter, GOOD.replace(" ", ""), "long_words"),
    (DoubledWordFilter, " ".join(f"{word} {word}" for word in GOOD.split()), "doubled_words"),
    (DoubledWordFilter, "Die Die Gebühr Gebühr wird wird fällig. fällig.", "doubled_words"),
    (LetterShareFilter, "12 34 56 78 90 Euro " * 4, "few_letters"),
    (
        StopWordFilter,
        "The municipality charges fees whenever somebody uses public parks beyond common use " * 4,
        "few_stop_words",
    ),
    (
        StopWordFilter,
        "Start Kontakt Impressum Datenschutz Suche Hilfe Login Presse Karriere Termine " * 3,
        "few_stop_words",
    ),
    (LetterSpacingFilter, "D i e G e m e i n d e e r h e b t e i n e G e b ü h r", "letter_spaced"),
    (DigitShareFilter, "Stufe 1 1234,50 1345,60 Stufe 2 2234,50 2345,60 " * 5, "many_digits"),
    (
        SymbolShareFilter,
        "Erster Teil ........................... 3 Zweiter Teil ..................... 5 " * 5,
        "many_symbols",
    ),
    (EncodingFilter, "Die GebÃ¼hr fÃ¼r die Ã–ffentlichkeit wird fÃ¤llig", "encoding"),
    (EncodingFilter, "Die Geb\ufffdhr wird f\ufffdllig", "encoding"),
    (MisreadLetterFilter, GOOD.encode().decode("mac-roman"), "encoding"),
    (MisreadLetterFilter, GOOD.encode("cp1252").decode("cp850"), "encoding"),
    (MisreadLetterFilter, GOOD.encode("cp1252").decode("cp1253", "replace"), "encoding"),
    (MisreadLetterFilter, GOOD.encode("ascii", "replace").decode(), "encoding"),
    (MisreadLetterFilter, GOOD.encode("ascii", "ignore").decode(), "encoding"),
    (MisreadLetterFilter, GOOD.replace("ü", "=FC").replace("ä", "=E4"), "encoding"),
    (
        ContentsFilter,
        "§ 1 Anwendungsbereich der Satzung\n§ 2 Höhe der Gebühr\n§ 3 Fälligkeit\n§ 4 Verhältnis zu anderen Normen",
        "table_of_contents",
    ),
    (
        ContentsFilter,
        "Allgemeines ........ 3 Höhe der Gebühr .... 5 Wer zu zahlen hat . . . . . 5 Schluss ……… 12",
        "table_of_contents",
    ),
    (ContentsFilter, "1 Zweck 3\n1.1 Wer zahlt 3\n1.2 Wann zu zahlen ist 4\n2 Schluss 9", "table_of_contents"),
    (RepeatedPhraseFilter, f"{GOOD} {GOOD}", "repetition"),
    (ShortRepetitionFilter, "Die Gebühr wird sofort fällig. " * 8, "repetition"),
    (ShortRepetitionFilter, "I. " * 12, "repetition"),
    (ShortRepetitionFilter, "Ausfertigungsdatum\n" * 10, "repetition"),
    (LetterShareFilter, "12 34 56\n7 8 9\n10 11 12", "few_letters"),
    (DuplicateLineFilter, "\n\n".join(["Seite der Gemeinde Musterstadt mit Impressum"] * 12), "repeated_lines"),
    (VocabularyFilter, "der Antrag ist zu stellen und " * 30, "little_variety"),
    (RepeatedPhraseFilter, "die Gebühr wird mit dem Bescheid fällig und ist zu zahlen " * 8, "repetition"),
]


@pytest.mark.parametrize(("filter_type", "text", "reason"), REJECTED)
def test_a_filter_rejects_what_it_is_there_for(filter_type: type[BaseFilter], text: str, reason: str) -> None:
    columns = TextColumns([normalise(text)])
    (judged,) = built_in("legal-de").judge(filter_type().measure(columns), columns.word_counts)

    assert judged.rejections == (reason,)


@pytest.mark.parametrize("one", installed_filters(), ids=lambda one: one.name)
def test_good_prose_passes_every_filter_without_a_penalty(one: BaseFilter) -> None:
    columns = TextColumns([normalise(GOOD)])

    assert built_in("legal-de").judge(one.measure(columns), columns.word_counts) == [Judgement((), {})]


@pytest.mark.parametrize("one", installed_filters(), ids=lambda one: one.name)
@pytest.mark.parametrize("text", ["", " ", "\n", "…", "ß", "🙂", "\u0301"])
def test_no_filter_stumbles_over_odd_texts(one: BaseFilter, text: str) -> None:
    signals = one.measure(TextColumns([normalise(text)]))

    assert set(signals) == set(one.signals)
    assert all(values.shape == (1,) for values in signals.values())


def test_filters_have_names_and_signals_of_their_own_and_measure_what_they_say() -> None:
    filters = installed_filters()
    columns = TextColumns([normalise(GOOD)])
    signals = [signal for one in filters for signal in one.signals]

    assert len({one.name for one in filters}) == len(filters) >= 12
    assert len(set(signals)) == len(signals)
    for one in filters:
        assert set(one.measure(columns)) == set(one.signals)
        assert set(one.counts) <= set(one.signals)


@pytest.mark.parametrize(
    "text",
    [
        "Die Verordnung vom 3. Mai wird aufgehoben.",
        "§ 314 BGB steht dem nicht entgegen.",
        "§ 18 der Anschlussverordnung gilt entsprechend.",
        "§ 10 Absatz 1 sowie die Vorschriften des Teils 1 gelten entsprechend.",
    ],
)
def test_a_sentence_about_a_section_is_not_repealed(text: str) -> None:
    assert RepealedFilter().measure(TextColumns([text]))["repealed"].tolist() == [0.0]


@given(st.lists(st.sampled_from(["eins", "zwei", "drei", "vier", "fünf", "sechs"]), min_size=50, max_size=120))
def test_repeated_phrases_are_those_of_the_plain_definition(words: list[str]) -> None:
    signals = RepeatedPhraseFilter().measure(TextColumns([" ".join(words)]))

    assert signals["top_2_gram"].item() == pytest.approx(_top(words, 2))
    assert signals["top_4_gram"].item() == pytest.approx(_top(words, 4))
    assert signals["duplicate_5_grams"].item() == pytest.approx(_duplicate(words, 5))
    assert signals["duplicate_10_grams"].item() == pytest.approx(_duplicate(words, 10))


@given(st.lists(st.sampled_from(["eins", "zwei", "drei", "vier"]), max_size=55))
def test_what_is_said_over_and_over_is_that_of_the_plain_definition(words: list[str]) -> None:
    text = " ".join(words)
    expected = plain_signals(text).get("over_and_over")
    found = ShortRepetitionFilter().measure(TextColumns([GOOD, text]))["over_and_over"][1]

    assert found == expected if expected is not None else np.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        "Die Vorschriften über den Bundestag gelten für den Bundesrat, die Vorschriften über den Bundesrat nicht.",
        "Anlage 1 Spalte 2, Anlage 1 Spalte 3, Anlage 1 Spalte 4 und Anlage 2 Spalte 2 werden aufgehoben.",
    ],
)
def test_what_is_named_again_is_not_said_over_and_over(text: str) -> None:
    assert ShortRepetitionFilter().measure(TextColumns([text]))["over_and_over"].item() == 0


@given(st.lists(st.sampled_from(["eins", "Eins", "zwei", "3", "x", "y-y", "\n"]), max_size=40), st.integers(0, 3))
def test_doubled_words_are_those_of_the_plain_definition(words: list[str], seam: int) -> None:
    texts = [" ".join(words[:seam]), " ".join(words[seam:])]
    found = DoubledWordFilter().measure(TextColumns(texts))["doubled_words"]

    for text, share in zip(texts, found, strict=True):
        expected = plain_signals(text).get("doubled_words")
        assert share == expected if expected is not None else np.isnan(share)


@pytest.mark.parametrize(
    "text",
    [
        "Aktionäre, die die Satzung festgestellt haben, sind die Gründer.",
        "Stufe 2 2 3 3 4 4 der Spalte A A",
        "Die Frist beginnt am Tag der Wahl. Wahl im Sinne des Satzes 1 ist jede Abstimmung.",
    ],
)
def test_what_grammar_and_columns_double_is_kept(text: str) -> None:
    assert DoubledWordFilter().measure(TextColumns([text]))["doubled_words"].item() < 0.125


@pytest.mark.parametrize("name", ["glued", "doubled_words"])
@pytest.mark.parametrize("profile", ["legal-de", "general-de"])
def test_glued_and_doubled_words_are_rejected_in_texts_of_any_length(name: str, profile: str) -> None:
    texts = [GOOD, GOOD[: len(GOOD) // 2], *[section_text(number, number) for number in range(8)]]
    found = QualityPipeline(built_in(profile)).assess_many(map(normalise, garbage(texts, name, random.Random(1))))

    assert {each.decision for each in found} == {Decision.REJECT}


@pytest.mark.parametrize(
    "text",
    [
        "Das Kraftfahrt-Bundesamt führt das Berufskraftfahrerqualifikationsregister.",
        "Weitere Gebührenbefreiungen nach Fischetikettierungsgesetz, Fischetikettierungsverordnung",
    ],
)
def test_the_longest_words_of_law_are_not_glued(text: str) -> None:
    assert QualityPipeline().assess(text).decision is not Decision.REJECT


def _grams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def _top(words: list[str], n: int) -> float:
    counts = Counter(_grams(words, n))
    most = max(counts.values())
    if most < 2:
        return 0.0
    longest = max(len("".join(gram)) for gram, count in counts.items() if count == most)
    return most * longest / len("".join(words))


def _duplicate(words: list[str], n: int) -> float:
    seen: set[tuple[str, ...]] = set()
    covered: set[int] = set()
    for at, gram in enumerate(_grams(words, n)):
        if gram in seen:
            covered |= set(range(at, at + n))
        seen.add(gram)
    return sum(len(words[at]) for at in covered) / len("".join(words))


TABLE = "Die Gebühren betragen:\n\n" + "\n\n".join(f"* * {n}\n\n* {n}2,50\n\n* {n}7,10" for n in range(10, 40))


def test_a_table_with_marked_cells_is_spared_by_limits_of_prose_and_rows_of_figures_are_not() -> None:
    marked, bare = QualityPipeline(built_in("legal-de")).assess_many([TABLE, TABLE.replace("*", "")])

    assert (marked.decision, bare.decision) == (Decision.REVIEW, Decision.REJECT)
    assert marked.signals["table_share"] > 0.9
    assert bare.signals["table_share"] == 0


def test_bullets_are_no_table() -> None:
    columns = TextColumns(["* eins\n* zwei\n* drei", "a * * b"])

    assert TableFilter().measure(columns)["table_share"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "text",
    [
        "Entgegen § 1 Absatz 2 oder § 3 Satz 1 handelt, wer nach § 5 Nummer 3 und § 7 Buchstabe a nicht zahlt.",
        "Name ........ 1. Ort ........ 2. Straße ........ 3. Tag ........ 4. Unterschrift",
        "1. die Gebühr, 2. die Auslagen, 3. der Betrag von 12 Euro und 4. der Zuschlag von 3 Euro.",
        (
            "Die Klägerin beantragt, den Beschluss des Landesgerichts vom 21. Juli 2016 und das Urteil des Gerichts "
            "der ersten Stufe vom 7. Januar 2015 aufzuheben sowie den Bescheid der Beklagten vom 15. April 2013 in der "
            "Gestalt des Bescheids vom 17. Mai 2013 abzuändern und ihr für die Zeit vom 1. Januar bis 28. März 2012 "
            "Geld zu zahlen. Gründe"
        ),
    ],
)
def test_citations_forms_enumerations_and_dates_are_no_table_of_contents(text: str) -> None:
    assert ContentsFilter().measure(TextColumns([text]))["contents_share"].item() < 0.3


@pytest.mark.parametrize(
    "text",
    [
        "Die Wärmeleitzahl in W/m²K gilt für Bürger*innen und Fahrer:innen, Köln–Bonn, O’Neill und Straßen.",
        "Die Dynastie der Trần regierte, und Trần Thái Tông, ein Trần, war ihr erster König in Việt Nam.",
        "Zeugnisse aus Łódź, Škofja Loka, Győr, İzmir und Dvořák gelten gemäß § 5 für größere Maße.",
    ],
)
def test_sound_words_hold_no_strange_letters(text: str) -> None:
    found = MisreadLetterFilter().measure(TextColumns([text]))

    assert (found["strange_letters"].item(), found["lost_umlauts"].item()) == (0, 0)


def test_what_only_says_where_a_law_was_published_is_not_asked_for_stop_words() -> None:
    head = (
        "Ausfertigungsdatum\n: 1986-12-19\n\nFundstelle\n: BGBl I: 1986, 2553\n\n"
        "Geändert durch\n: Art. 75 V v. 29.10.2001 I 2785"
    )
    found = StopWordFilter().measure(TextColumns([head, GOOD]))

    assert np.isnan(found["distinct_stop_words"]).tolist() == [True, False]


def test_columns_of_digits_are_not_letter_spaced_and_crosses_in_a_row_say_nothing_again() -> None:
    columns = TextColumns(["1 2 3 4 a b", f"{GOOD} " + "X " * 14])

    assert LetterSpacingFilter().measure(columns)["single_letter_words"][0] == pytest.approx(1 / 3)
    assert RepeatedPhraseFilter().measure(columns)["phrase_in_a_row"][1] < 6
