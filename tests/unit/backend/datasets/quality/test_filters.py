"""Each filter measures its signals and rejects what it is there for."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.columns import TextColumns
from backend.datasets.quality.filters.digits import DigitShareFilter
from backend.datasets.quality.filters.encoding import EncodingFilter
from backend.datasets.quality.filters.letter_spacing import LetterSpacingFilter
from backend.datasets.quality.filters.letters import LetterShareFilter
from backend.datasets.quality.filters.lines import DuplicateLineFilter
from backend.datasets.quality.filters.ngrams import RepeatedPhraseFilter
from backend.datasets.quality.filters.repealed import RepealedFilter
from backend.datasets.quality.filters.stop_words import StopWordFilter
from backend.datasets.quality.filters.symbols import SymbolShareFilter
from backend.datasets.quality.filters.vocabulary import VocabularyFilter
from backend.datasets.quality.filters.word_length import WordLengthFilter
from backend.datasets.quality.filters.words import WordCountFilter
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import installed_filters
from backend.datasets.quality.profile import Judgement, built_in
from tests.support.legal_texts import GOOD

REJECTED: list[tuple[type[BaseFilter], str, str]] = [
    (WordCountFilter, "Siehe Anlage.", "stub"),
    (RepealedFilter, "(weggefallen)", "repealed"),
    (RepealedFilter, "§§ 5 bis 7 (aufgehoben)", "repealed"),
    (RepealedFilter, "(1) (weggefallen)\n(2) gegenstandslos", "repealed"),
    (RepealedFilter, "-", "repealed"),
    (WordLengthFilter, "a b c de f gh i k " * 3, "short_words"),
    (WordLengthFilter, "Gemeindeordnungsgesetz " * 20, "long_words"),
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


def test_a_sentence_that_mentions_a_repeal_is_not_repealed() -> None:
    columns = TextColumns(["Die Verordnung vom 3. Mai wird aufgehoben."])

    assert RepealedFilter().measure(columns)["repealed"].tolist() == [0.0]


@given(st.lists(st.sampled_from(["eins", "zwei", "drei", "vier", "fünf", "sechs"]), min_size=50, max_size=120))
def test_repeated_phrases_are_those_of_the_plain_definition(words: list[str]) -> None:
    signals = RepeatedPhraseFilter().measure(TextColumns([" ".join(words)]))

    assert signals["top_2_gram"].item() == pytest.approx(_top(words, 2))
    assert signals["top_4_gram"].item() == pytest.approx(_top(words, 4))
    assert signals["duplicate_5_grams"].item() == pytest.approx(_duplicate(words, 5))
    assert signals["duplicate_10_grams"].item() == pytest.approx(_duplicate(words, 10))


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
