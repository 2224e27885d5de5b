"""All filters together: a score, a decision, reasons."""

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.quality import filters
from backend.datasets.quality.base import Limit
from backend.datasets.quality.filters.digits import DigitShareFilter
from backend.datasets.quality.filters.words import WordCountFilter
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.reading import Reading
from tests.support.legal_texts import GOOD, section_text

PIPELINE = QualityPipeline()

NEW_FILTER = '''
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading


class ShoutingFilter(BaseFilter):
    """Text in capitals."""

    name = "shouting"
    limits = (Limit.at_most("capitals", soft=0.3, hard=0.6, reason="shouting"),)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Share of capitals."""
        return {"capitals": sum(map(str.isupper, reading.text)) / max(1, len(reading.text))}
'''


def test_good_administrative_prose_is_kept_with_full_score() -> None:
    found = PIPELINE.assess(normalise(GOOD))

    assert (found.decision, found.score, found.reasons) == (Decision.KEEP, 1.0, ())
    assert found.signals["words"] > 80


def test_generated_statutes_are_kept() -> None:
    scores = [PIPELINE.assess(normalise(section_text(number, number % 7))).score for number in range(40)]

    assert min(scores) > 0.9


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(weggefallen)", "repealed"),
        ("Siehe oben.", "stub"),
        ("Home | Login | Kontakt | Impressum | Sitemap | " * 6, "few_stop_words"),
        ("1 234,00 5 678,00 9 101,00 1 121,00 " * 10, "many_digits"),
        ((GOOD + "\n\n") * 5, "repeated_lines"),
        (" ".join(GOOD.replace(" ", "")), "letter_spaced"),
        (GOOD.encode().decode("latin-1"), "encoding"),
    ],
)
def test_rubbish_is_rejected_with_its_reason(text: str, reason: str) -> None:
    found = PIPELINE.assess(normalise(text))

    assert found.decision is Decision.REJECT
    assert reason in found.reasons


def test_a_repealed_section_is_called_repealed_and_not_a_stub() -> None:
    assert PIPELINE.assess("(aufgehoben)").reasons[0] == "repealed"


def test_a_short_section_deserves_a_review_and_says_why() -> None:
    found = PIPELINE.assess("Die Satzung tritt am Tage nach der Bekanntmachung in Kraft.")

    assert found.decision is Decision.REVIEW
    assert found.reasons == ("words",)


def test_the_score_is_the_exponential_of_the_penalties() -> None:
    pipeline = QualityPipeline([WordCountFilter([Limit.at_least("words", soft=12, hard=2)])])

    assert pipeline.assess("eins zwei drei vier fünf sechs sieben").score == pytest.approx(0.606531)


def test_other_limits_are_another_profile_version() -> None:
    usual = QualityPipeline([DigitShareFilter()]).profile_version
    tuned = QualityPipeline([DigitShareFilter([Limit.at_most("digit_share", soft=0.2, hard=0.4)])]).profile_version

    assert usual != tuned
    assert usual == QualityPipeline([DigitShareFilter()]).profile_version


def test_a_new_filter_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting.py").write_text(NEW_FILTER, encoding="utf-8")
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    try:
        found = QualityPipeline().assess(GOOD.upper())
    finally:
        sys.modules.pop(f"{filters.__name__}.shouting", None)

    assert "shouting" in found.reasons


@settings(max_examples=60)
@given(st.text(max_size=400))
def test_every_text_gets_a_score_between_0_and_1(text: str) -> None:
    found = PIPELINE.assess(normalise(text))
    signals: Mapping[str, float] = found.signals

    assert 0 <= found.score <= 1
    assert all(value == value for value in signals.values())


def test_words_are_found_once_for_all_filters() -> None:
    reading = Reading("Ein Wort-Paar und O’Neill 3a")

    assert reading.words == ["ein", "wort-paar", "und", "o’neill", "3a"]
    assert reading.words is reading.words
    assert reading.word_sizes == [3, 8, 3, 6, 2]
