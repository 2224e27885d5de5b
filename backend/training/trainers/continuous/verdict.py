"""Promote or reject: three questions to what was measured, each answered with a bound and not with a mean.

held_out   Does the candidate predict new answers that it never saw better than the adapter in use?
golden     Does it predict the golden answers no worse?
fit        Do the new answers belong to their prompts: are they likelier after their own prompt than after others?

The third one is there because the first two do not see answers that are fluent and wrong: a batch of good answers under
the wrong prompts teaches the style of good answers, and the loss on all answers falls (measured on a starter model).
What belongs to no prompt in particular is as likely after any of them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backend.training.trainers.continuous.bootstrap import RESAMPLES, Estimate, Floats, estimate
from backend.training.trainers.continuous.measuring import Measured, MeasuredSet
from backend.training.training_config import ContinuousSection
from shared.models.comparison import ComparisonVerdict

FEWEST_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its answer.

    Args:
        records: Records that were measured.
        tokens: Trained tokens of them.
        difference: What the answer goes by, nats per token.
        bound: The bound of it that counts.
        required: What it is held against.
        is_passed: Whether it holds.
        figures: What the difference is made of.
    """

    records: int
    tokens: int
    difference: Estimate
    bound: float
    required: float
    is_passed: bool
    figures: Mapping[str, float]

    def as_json(self) -> dict[str, Any]:
        """All figures by name."""
        plain = asdict(self)
        return {**{name: plain[name] for name in plain if name != "figures"}, **self.figures}


def judge(measured: Measured, section: ContinuousSection) -> tuple[ComparisonVerdict, dict[str, Answer]]:
    """The verdict and the three answers that it follows from."""
    answers = {
        "held_out": _held_out(measured, section),
        "golden": _golden(measured, section),
        "fit": _fit(measured, section),
    }
    is_passed = all(answer.is_passed for answer in answers.values())
    return ComparisonVerdict.PROMOTE if is_passed else ComparisonVerdict.REJECT, answers


def _held_out(measured: Measured, section: ContinuousSection) -> Answer:
    ours, theirs, one = _side_by_side(measured, "held_out")
    gain = estimate(ours - theirs, one.tokens, one.groups, confidence=section.confidence)
    is_passed = gain.low > section.min_gain
    return _answer(one, gain, gain.low, section.min_gain, is_passed, _losses(ours, theirs, one))


def _golden(measured: Measured, section: ContinuousSection) -> Answer:
    ours, theirs, one = _side_by_side(measured, "golden")
    rise = estimate(theirs - ours, one.tokens, one.groups, confidence=section.confidence)
    is_passed = rise.high <= section.golden_tolerance
    return _answer(one, rise, rise.high, section.golden_tolerance, is_passed, _losses(ours, theirs, one))


def _fit(measured: Measured, section: ContinuousSection) -> Answer:
    own, others = measured.sets["held_out"], measured.sets["others"]
    found = {
        name: _preference(own, others, likelihoods)
        for name, likelihoods in (("candidate", measured.candidate), ("active", measured.active))
    }
    seen = np.isfinite(found["candidate"]) & np.isfinite(found["active"])
    one = MeasuredSet(own.records.select(np.flatnonzero(seen)), own.tokens[seen], own.groups[seen])
    fits = {
        name: estimate(values[seen] * one.tokens, one.tokens, one.groups, confidence=section.confidence)
        for name, values in found.items()
    }
    fit = fits["candidate"]
    return _answer(one, fit, fit.low, section.min_fit, fit.low > section.min_fit, {"active_fit": fits["active"].mean})


def _preference(own: MeasuredSet, others: MeasuredSet, likelihoods: Mapping[str, Floats]) -> Floats:
    """How much likelier each answer is after its own prompt, nats per token, shape (n,); NaN where none is seen."""
    shape = (-1, len(own.tokens))
    counted = (others.tokens > 0).reshape(shape)
    per_token = likelihoods["others"] / np.maximum(others.tokens, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        after_own = likelihoods["held_out"] / own.tokens
        after_others = np.where(counted, per_token.reshape(shape), 0.0).sum(axis=0) / counted.sum(axis=0)
    return np.asarray(after_own - after_others, dtype=np.float64)


def _side_by_side(measured: Measured, name: str) -> tuple[Floats, Floats, MeasuredSet]:
    """Candidate and active on the records of which something is seen."""
    one = measured.sets[name]
    seen = one.tokens > 0
    records = one.records.select(np.flatnonzero(seen))
    kept = MeasuredSet(records, one.tokens[seen], one.groups[seen])
    return measured.candidate[name][seen], measured.active[name][seen], kept


def _answer(
    one: MeasuredSet, difference: Estimate, bound: float, required: float, is_passed: bool, figures: Mapping[str, float]
) -> Answer:
    # a bound from a handful of groups is no bound
    is_enough = difference.groups >= FEWEST_GROUPS
    return Answer(len(one.tokens), int(one.tokens.sum()), difference, bound, required, is_passed and is_enough, figures)


def _losses(ours: Floats, theirs: Floats, one: MeasuredSet) -> dict[str, float]:
    tokens = int(one.tokens.sum())
    return {"candidate_loss": float(-ours.sum() / tokens), "active_loss": float(-theirs.sum() / tokens)}


def as_comparison(
    verdict: ComparisonVerdict,
    answers: Mapping[str, Answer],
    section: ContinuousSection,
    *,
    compared_with: str | None,
    mix: Mapping[str, int],
) -> dict[str, Any]:
    """The evidence as it stands in the report and in the adapter's figures."""
    return {
        "verdict": verdict.value,
        "failed": [name for name, answer in answers.items() if not answer.is_passed],
        "compared_with": compared_with,
        "confidence": section.confidence,
        "resamples": RESAMPLES,
        **{name: answer.as_json() for name, answer in answers.items()},
        "mix": dict(mix),
    }


def in_words(comparison: Mapping[str, Any]) -> str:
    """The verdict with its evidence in a few sentences."""
    held_out, golden, fit = (comparison[name] for name in ("held_out", "golden", "fit"))
    sure = f"with {comparison['confidence']:.0%} confidence"
    failed = ", ".join(comparison["failed"])
    return (
        f"Verdict: {comparison['verdict']}{f' (not passed: {failed})' if failed else ''}. Compared with "
        f"{comparison['compared_with'] or 'the base model'}, in nats per token, {sure}: held-out new records gain at "
        f"least {held_out['bound']:.4f} (needed: more than {held_out['required']:g}), loss "
        f"{held_out['active_loss']:.4f} -> {held_out['candidate_loss']:.4f}; golden records lose at most "
        f"{golden['bound']:.4f} (allowed: {golden['required']:g}), loss {golden['active_loss']:.4f} -> "
        f"{golden['candidate_loss']:.4f}; new answers are likelier after their own prompts by at least "
        f"{fit['bound']:.4f} (needed: more than {fit['required']:g})."
    )
