"""All filters together: a score, a decision, reasons."""

import importlib
import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.datasets.quality import filters
from backend.datasets.quality.limits import Limit
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.profile import InvalidProfile, built_in, profile_of
from tests.support.legal_texts import GOOD, section_text
from tests.support.plain_quality import plain_judgement, plain_signals

PIPELINE = QualityPipeline()

NEW_FILTER = '''
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class ShoutingFilter(BaseFilter):
    """Text in capitals."""

    name = "shouting"
    signals = ("capitals",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Share of capitals."""
        import numpy as np

        capitals = np.array([sum(map(str.isupper, text)) for text in columns.texts])
        return {"capitals": columns.share(capitals, columns.lengths)}
'''

QUIET = """
name: quiet
version: 1
description: Nobody shouts.
extends: legal-de
limits:
  - {signal: capitals, at_most: {soft: 0.3, hard: 0.6}, reason: shouting}
"""


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


def test_a_short_section_costs_a_little_and_says_why() -> None:
    found = PIPELINE.assess("Die Satzung tritt am Tage nach der Bekanntmachung in Kraft.")

    assert found.decision is Decision.KEEP
    assert 0.7 < found.score < 1
    assert found.reasons == ("words",)


def test_a_costly_text_deserves_a_review() -> None:
    amounts = "Die Gebühr beträgt nach der Größe 12,50 oder 13,70, in den übrigen Fällen 15,80, 16,90 und 17,20."
    found = PIPELINE.assess(f"{amounts} Der Rat hat es am 12.10.2024 so beschlossen, Drucksache 2024/17.")

    assert found.decision is Decision.REVIEW
    assert "digit_share" in found.reasons


def test_the_score_is_the_exponential_of_the_penalties() -> None:
    limit = Limit("words", soft=12, hard=2, reason="stub", is_minimum=True)
    pipeline = QualityPipeline(replace(built_in("legal-de"), limits=[limit]))

    assert pipeline.assess("eins zwei drei vier fünf sechs sieben").score == pytest.approx(0.606531)


def test_a_new_filter_is_one_new_file_and_a_limit_in_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting.py").write_text(NEW_FILTER, encoding="utf-8")
    (tmp_path / "quiet.yaml").write_text(QUIET, encoding="utf-8")
    monkeypatch.setattr(filters, "__path__", [*filters.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    try:
        unjudged = QualityPipeline().assess(GOOD.upper())
        found = QualityPipeline(profile_of(str(tmp_path / "quiet.yaml"))).assess(GOOD.upper())
    finally:
        sys.modules.pop(f"{filters.__name__}.shouting", None)

    assert (unjudged.reasons, unjudged.signals["capitals"] > 0.6) == ((), True)
    assert found.reasons == ("shouting",)
    assert found.profile_version.startswith("quiet-1+")


def test_a_profile_that_judges_what_nobody_measures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text(QUIET, encoding="utf-8")

    with pytest.raises(InvalidProfile, match="no filter measures capitals"):
        QualityPipeline(profile_of(str(tmp_path / "quiet.yaml")))


def test_english_prose_is_kept_by_its_profile_and_not_by_that_of_german_law() -> None:
    english = (
        "The municipality charges a fee for the use of public parks that goes beyond common use. The fee is set by "
        "the council and becomes due when the permit is issued. Whoever does not agree with the decision may object "
        "to it in writing, and the office has to answer within three months of the day on which it was received."
    )

    assert QualityPipeline(built_in("general-en")).assess(english).decision is Decision.KEEP
    assert "few_stop_words" in QualityPipeline().assess(english).reasons


@settings(max_examples=60)
@given(st.text(max_size=400))
def test_every_text_gets_a_score_between_0_and_1(text: str) -> None:
    found = PIPELINE.assess(normalise(text))
    signals: Mapping[str, float] = found.signals

    assert 0 <= found.score <= 1
    assert all(value == value for value in signals.values())


# few words, so that phrases of all lengths come again; letters whose small forms depend on what is around them
FEW_WORDS = ("der", "Die", "und", "Gebühr", "ΟΔΟΣ", "İstanbul", "a-b", "12", "§", "x")
REPEATING = st.lists(st.sampled_from(FEW_WORDS), max_size=150)
ODD = st.text(st.sampled_from("aÄßİΣς ²½٣٤\n\n--'’_.;中🙂𝐀Ãâ€\ufffd¤\u0301\ud800\x1c\x85…(1)"), max_size=80)
BATCHES = st.lists(REPEATING.map(" ".join) | ODD | st.text(st.characters()) | st.just(GOOD), max_size=6)


@pytest.mark.parametrize("language", ["de", "en"])
@settings(max_examples=150)
@given(texts=BATCHES)
def test_every_signal_of_a_batch_is_that_of_the_plain_definition(language: str, texts: list[str]) -> None:
    profile = built_in(f"general-{language}")
    for text, found in zip(texts, QualityPipeline(profile).assess_many(texts), strict=True):
        plain = plain_signals(text, language)
        judged = plain_judgement(profile, plain, int(plain["words"]))

        assert found.signals == pytest.approx(plain, rel=1e-9, abs=1e-9)
        assert found.score == round(math.exp(-sum(judged.penalties.values())), 6)
        costly = sorted(judged.penalties, key=lambda name: (-judged.penalties[name], name))
        assert found.reasons == tuple(judged.rejections or costly)
        assert (found.decision is Decision.REJECT) == bool(judged.rejections)


@given(BATCHES)
def test_a_text_is_judged_as_if_it_were_alone(texts: list[str]) -> None:
    assert PIPELINE.assess_many(texts) == [PIPELINE.assess(text) for text in texts]


def test_whole_numbers_are_kept_without_a_decimal_point() -> None:
    signals = PIPELINE.assess("Die Satzung gilt.").signals

    assert [repr(signals[name]) for name in ("words", "distinct_stop_words", "digit_share")] == ["3", "1", "0.0"]


def test_what_has_a_text_is_judged_while_it_passes_by() -> None:
    drawn = iter(range(100))
    first, text, judged = next(PIPELINE.assess_each(drawn, text_of=lambda number: f"Absatz {number}", at_once=7))

    assert (first, text, judged.signals["words"]) == (0, "Absatz 0", 2)
    assert next(drawn) == 7


def test_a_pipeline_that_waits_for_texts_does_without_numpy() -> None:
    script = (
        "import sys\nfrom backend.datasets.quality.pipeline import QualityPipeline\n"
        "pipeline = QualityPipeline()\nprint('numpy' in sys.modules)\n"
        "pipeline.assess('Absatz')\nprint('numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]


def test_the_english_profile_rejects_german_prose() -> None:
    found = QualityPipeline(built_in("general-en")).assess(normalise(GOOD))

    assert found.decision is Decision.REJECT
    assert "other_language" in found.reasons
