"""Limits from a corpus."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.curation.calibration import Quantiles, Sample, TooFewTexts, as_file, calibrated, name_of
from backend.datasets.curation.run import Judged
from backend.datasets.curation.tasks import NoFolderForProfile, ProfileFileExists, calibrate
from backend.datasets.quality.pipeline import Assessment, Decision, QualityPipeline
from backend.datasets.quality.profile import built_in, profile_of
from shared.database.stores import memory_stores
from shared.errors import InvalidInput
from shared.models.review import ReviewState
from tests.support.curated import a_curation, a_law, different_prose, silent

PROFILE = built_in("legal-de")


def judged(number: int, ruling: ReviewState | None = None, **signals: float) -> Judged:
    assessment = Assessment(1.0, Decision.KEEP, (), {"words": 100, **signals}, PROFILE.key)
    return Judged(f"doc:1:{number}", "doc", f"{number:032}", 100, 600, {}, assessment, ruling)


def limit_of(texts: list[Judged], signal: str, quantiles: Quantiles) -> tuple[float, float]:
    found = next(each for each in calibrated(PROFILE, texts, quantiles) if each.signal == signal)
    return found.soft, found.hard


def test_limits_lie_at_the_quantiles_of_the_corpus() -> None:
    texts = [judged(number, digit_share=number / 1000, letter_tokens=1 - number / 1000) for number in range(1001)]

    assert limit_of(texts, "digit_share", Quantiles(0.9, 0.99)) == (0.9, 0.99)
    assert limit_of(texts, "letter_tokens", Quantiles(0.9, 0.99)) == pytest.approx((0.1, 0.01), abs=2e-3)


def test_a_kept_text_is_not_rejected_and_a_rejected_one_does_not_count() -> None:
    texts = [judged(number, digit_share=0.1) for number in range(300)]
    sample = Sample()
    sample.take(texts)
    sample.take([judged(301, ReviewState.KEPT, digit_share=0.7), judged(302, ReviewState.REJECTED, digit_share=0.9)])

    assert limit_of(sample.texts(), "digit_share", Quantiles(0.9, 0.95)) == (0.1, 0.7)


def test_what_few_texts_show_stays_as_it_is() -> None:
    texts = [judged(number, digit_share=0.1) for number in range(300)]

    assert limit_of(texts, "top_2_gram", Quantiles()) == next(
        (each.soft, each.hard) for each in PROFILE.limits if each.signal == "top_2_gram"
    )


def test_rules_that_mean_something_by_themselves_stay() -> None:
    texts = [judged(number, repealed=1.0, encoding_damage=0.5) for number in range(300)]

    after = calibrated(PROFILE, texts, Quantiles())

    fixed = ("repealed", "words", "encoding_damage", "other_language")
    assert [each for each in after if each.signal in fixed] == [each for each in PROFILE.limits if each.signal in fixed]


def test_equal_texts_count_once() -> None:
    sample = Sample()
    sample.take([replace(judged(1), section_id=f"s{n}") for n in range(5000)])

    with pytest.raises(TooFewTexts, match="1 different sections"):
        sample.texts()


@pytest.mark.parametrize(("soft", "hard"), [(0.99, 0.9), (0.2, 0.9), (0.9, 1.1)])
def test_quantiles_that_make_no_limits_are_refused(soft: float, hard: float) -> None:
    with pytest.raises(InvalidInput, match=r"0\.5 <= soft <= hard <= 1"):
        Quantiles(soft, hard)


def test_the_file_is_a_profile_that_says_everything(tmp_path: Path) -> None:
    stores = memory_stores()
    stores.documents.put_many([a_law(f"{n}.md", text) for n, text in enumerate(different_prose(400))])
    out = tmp_path / "Unser_Amt.yaml"

    told = calibrate(a_curation(stores, tmp_path / "quality"), PROFILE, Quantiles(), out, silent)

    profile = profile_of(str(out))
    assert told["texts"] == 400
    assert (profile.name, profile.language, profile.review_below) == ("unser_amt", "de", PROFILE.review_below)
    assert [limit.signal for limit in profile.limits] == [limit.signal for limit in PROFILE.limits]
    assert {each["signal"] for each in told["changes"]} >= {"digit_share"}
    rejected = [
        each for each in QualityPipeline(profile).assess_many(different_prose(400)) if each.decision == "reject"
    ]
    assert not rejected


@pytest.mark.parametrize(
    ("stem", "name"),
    [("Bau Amt.Köln", "bau-amt-k-ln"), ("_", "calibrated"), ("x" * 60, "x" * 40), ("permits-2026", "permits-2026")],
)
def test_any_file_gives_a_name_that_profiles_may_have(stem: str, name: str) -> None:
    assert name_of(stem) == name


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "ours.yaml"
    out.write_text("mine")

    with pytest.raises(ProfileFileExists, match="--out"):
        calibrate(a_curation(memory_stores(), tmp_path / "q"), PROFILE, Quantiles(), out, silent)
    assert out.read_text() == "mine"


def test_a_limit_of_every_kind_is_written_as_it_is() -> None:
    entries = as_file("x", PROFILE, list(PROFILE.limits), description="d")["limits"]

    assert {"signal": "words", "at_least": {"soft": 20.0, "hard": 5.0}, "reason": "stub", "weight": 0.3} in entries
    assert any("max_words" in entry for entry in entries)


def test_a_folder_that_is_not_there_is_named_before_anything_is_measured(tmp_path: Path) -> None:
    quality = tmp_path / "quality"

    with pytest.raises(NoFolderForProfile, match="make it first"):
        calibrate(a_curation(memory_stores(), quality), PROFILE, Quantiles(), tmp_path / "no" / "x.yaml", silent)

    assert not quality.exists()
