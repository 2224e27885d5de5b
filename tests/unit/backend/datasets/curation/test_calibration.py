"""Limits from a corpus."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from backend.datasets.curation.calibration import Quantiles, Sample, TooFewTexts, as_file, calibrated, name_of
from backend.datasets.curation.run import Judged
from backend.datasets.curation.tasks import NoFolderForProfile, ProfileFileExists, calibrate
from backend.datasets.quality.limits import Limit
from backend.datasets.quality.normalise import normalise
from backend.datasets.quality.pipeline import Assessment, Decision, QualityPipeline
from backend.datasets.quality.profile import Profile, built_in, built_in_names, profile_of
from shared.database.stores import memory_stores
from shared.errors import InvalidInput
from shared.models.review import ReviewState
from tests.support.curated import PROSE, a_curation, a_law, different_prose, silent
from tests.support.garbage import garbage

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
    sample = Sample(PROFILE)
    sample.take(texts)
    sample.take([judged(301, ReviewState.KEPT, digit_share=0.7), judged(302, ReviewState.REJECTED, digit_share=0.9)])

    assert limit_of(sample.texts(), "digit_share", Quantiles(0.9, 0.95)) == (0.1, 0.7)


def test_what_few_texts_show_stays_as_it_is() -> None:
    texts = [judged(number, digit_share=0.1) for number in range(300)]

    assert limit_of(texts, "top_2_gram", Quantiles()) == next(
        (each.soft, each.hard) for each in PROFILE.limits if each.signal == "top_2_gram"
    )


FIXED = frozenset(("repealed", "stub", "encoding", "letter_spaced", "table_of_contents", "other_language"))


@pytest.mark.parametrize("name", built_in_names())
def test_rules_that_mean_something_by_themselves_stay(name: str) -> None:
    profile = built_in(name)
    extreme = {each.signal: 0.0 if each.is_minimum else 0.9 for each in profile.limits}
    texts = [judged(number, ReviewState.KEPT if number % 2 else None, **extreme) for number in range(300)]

    changed = [
        new for old, new in zip(profile.limits, calibrated(profile, texts, Quantiles()), strict=True) if old != new
    ]

    assert [each for each in changed if each.reason in FIXED or each.signal.startswith("web_")] == []
    assert {each.reason for each in changed} >= {each.reason for each in profile.limits if each.reason == "repetition"}


def test_a_signal_of_damage_stays_whatever_a_profile_calls_it() -> None:
    own = replace(PROFILE, limits=[replace(each, reason="ours") for each in PROFILE.limits])
    texts = [judged(number, strange_letters=0.5, lost_umlauts=0.5, digit_share=0.9) for number in range(300)]

    changed = {
        new.signal for old, new in zip(own.limits, calibrated(own, texts, Quantiles()), strict=True) if old != new
    }

    assert changed == {"digit_share"}


@pytest.mark.parametrize("damage", ["mojibake_of_cyrillic", "mojibake_of_dos", "no_umlauts"])
def test_broken_texts_widen_no_limit_and_are_rejected_afterwards(damage: str) -> None:
    sound = [normalise(f"{text} {PROSE}") for text in different_prose(300)]
    broken = [normalise(each) for each in garbage(sound[:40], damage, random.Random(1))]

    without, beside = (calibrated(PROFILE, sample_of(texts), Quantiles()) for texts in (sound, sound + broken[:20]))

    assert beside == without
    judge = QualityPipeline(replace(PROFILE, limits=tuple(beside)))
    assert {each.decision for each in judge.assess_many(broken[20:])} == {Decision.REJECT}


def test_what_a_person_kept_counts_though_it_looks_broken() -> None:
    rejected = Assessment(0.1, Decision.REJECT, ("encoding",), {"words": 100, "digit_share": 0.8}, PROFILE.key)
    sample = Sample(PROFILE)
    sample.take(judged(number, digit_share=0.1) for number in range(300))
    sample.take(replace(judged(n, ruling), assessment=rejected) for n, ruling in ((301, None), (302, ReviewState.KEPT)))

    assert len(sample.texts()) == 301
    assert limit_of(sample.texts(), "digit_share", Quantiles())[1] == 0.8


def changed_of(profile: Profile, texts: list[Judged]) -> list[Limit]:
    after = calibrated(profile, texts, Quantiles())
    return [new for old, new in zip(profile.limits, after, strict=True) if old != new]


def sample_of(texts: list[str]) -> list[Judged]:
    sample = Sample(PROFILE)
    assessed = enumerate(QualityPipeline(PROFILE).assess_many(texts))
    sample.take(replace(judged(n), words=int(each.signals["words"]), assessment=each) for n, each in assessed)
    return sample.texts()


def test_equal_texts_count_once() -> None:
    sample = Sample(PROFILE)
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
