"""What leads to promote, and that each of the three questions alone leads to reject."""

from typing import Any

import numpy as np
import pytest

from backend.training.trainers.continuous.measuring import Measured, MeasuredSet
from backend.training.trainers.continuous.mix import OTHER_PROMPTS
from backend.training.trainers.continuous.verdict import as_comparison, in_words, judge
from backend.training.training_config import TrainingConfig
from backend.training.utils.token_store import TokenRecords
from shared.models.comparison import ComparisonVerdict, compared_with, verdict_of

COUNTS = {"new_records": 3, "held_out_records": 2, "replayed_records": 1}


def a_set(count: int, *, tokens: int = 20) -> MeasuredSet:
    lengths = np.full(count, tokens)
    starts = np.cumsum(lengths) - lengths
    records = TokenRecords(np.zeros(count * tokens, np.int32), np.ones(count * tokens, np.uint8), starts, lengths)
    return MeasuredSet(records, np.full(count, tokens), np.arange(count))


def measured(
    *, gain: float = 0.2, rise: float = -0.1, fit: float = 0.1, noise: float = 0.02, count: int = 40, golden: int = 40
) -> Measured:
    """Two models of which the candidate differs by so many nats per token, with some noise per record."""
    rng = np.random.default_rng(3)
    sets = {"held_out": a_set(count), "others": a_set(OTHER_PROMPTS * count), "golden": a_set(golden)}

    def around(mean: float, size: int) -> Any:
        return 20 * (mean + noise * rng.normal(size=size))

    own = -60 + around(0, count)
    active = {"held_out": own, "others": np.tile(own, OTHER_PROMPTS), "golden": -60 + around(0, golden)}
    ours = own + around(gain, count)
    candidate = {
        "held_out": ours,
        "others": np.tile(ours, OTHER_PROMPTS) - around(fit, OTHER_PROMPTS * count),
        "golden": active["golden"] - around(rise, golden),
    }
    return Measured(sets, candidate, active)


def failed(found: Measured, **section: Any) -> list[str]:
    verdict, answers = judge(found, TrainingConfig.parse({"continuous": section}).continuous)
    names = [name for name, answer in answers.items() if not answer.is_passed]
    assert (verdict is ComparisonVerdict.REJECT) == bool(names)
    return names


def test_a_candidate_that_gains_and_loses_nothing_is_to_be_promoted() -> None:
    assert failed(measured()) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"gain": 0.0}, ["held_out"]),
        ({"gain": -0.2}, ["held_out"]),
        ({"rise": 0.1}, ["golden"]),
        ({"fit": 0.0, "noise": 0.0}, ["fit"]),
        ({"fit": -0.1}, ["fit"]),
        ({"gain": -1.0, "rise": 1.0, "fit": -1.0}, ["held_out", "golden", "fit"]),
    ],
)
def test_each_question_alone_leads_to_reject(changes: dict[str, float], names: list[str]) -> None:
    assert failed(measured(**changes)) == names


def test_noise_does_not_decide() -> None:
    # the means alone would pass
    found = measured(gain=0.05, rise=-0.01, fit=0.05, noise=1.0)
    assert set(failed(found)) >= {"golden"}
    _, answers = judge(found, TrainingConfig.parse({}).continuous)
    assert answers["golden"].difference.mean < answers["golden"].bound


@pytest.mark.parametrize(
    ("section", "names"),
    [
        ({"min_gain": 0.3}, ["held_out"]),
        ({"min_fit": 0.3}, ["fit"]),
        ({"golden_tolerance": 0.0}, []),
    ],
)
def test_the_margins_are_those_of_the_config(section: dict[str, float], names: list[str]) -> None:
    assert failed(measured(), **section) == names
    assert failed(measured(rise=0.1), golden_tolerance=0.2) == []


def test_a_handful_of_records_is_no_evidence() -> None:
    assert failed(measured(count=9)) == ["held_out", "fit"]
    assert failed(measured(golden=9)) == ["golden"]


def test_records_of_which_nothing_is_seen_are_left_out() -> None:
    found = measured()
    found.sets["held_out"].tokens[:3] = 0
    found.sets["others"].tokens[5] = 0
    verdict, answers = judge(found, TrainingConfig.parse({}).continuous)
    assert verdict is ComparisonVerdict.PROMOTE
    assert (answers["held_out"].records, answers["fit"].records, answers["golden"].records) == (37, 37, 40)


def test_the_evidence_says_all_that_decided() -> None:
    section = TrainingConfig.parse({}).continuous
    verdict, answers = judge(measured(rise=0.1), section)
    comparison = as_comparison(verdict, answers, section, compared_with="adp_1", mix=COUNTS)
    assert (comparison["verdict"], comparison["failed"], comparison["mix"]) == ("reject", ["golden"], COUNTS)
    golden = comparison["golden"]
    assert golden["candidate_loss"] - golden["active_loss"] == pytest.approx(golden["difference"]["mean"])
    assert golden["bound"] > golden["required"] == section.golden_tolerance
    assert (golden["records"], golden["tokens"], golden["is_passed"]) == (40, 800, False)
    metrics = {"comparison": comparison}
    assert (verdict_of(metrics), compared_with(metrics)) == (ComparisonVerdict.REJECT, "adp_1")
    assert (verdict_of({}), compared_with({})) == (None, None)
    words = in_words(comparison)
    assert "Verdict: reject (not passed: golden). Compared with adp_1" in words
    assert "with 95% confidence" in words
