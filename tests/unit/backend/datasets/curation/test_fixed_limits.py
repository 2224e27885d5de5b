"""Limits that mean something by themselves."""

from dataclasses import replace

import pytest

from backend.datasets.curation.fixed_limits import fixed_reasons, is_an_example, is_fixed
from backend.datasets.curation.run import Judged
from backend.datasets.quality.pipeline import Assessment, Decision
from backend.datasets.quality.profile import built_in
from shared.models.review import ReviewState

PROFILE = built_in("legal-de")


def judged(decision: Decision, *reasons: str, ruling: ReviewState | None = None) -> Judged:
    return Judged("doc:1:0", "doc", "0", 100, 600, {}, Assessment(0.5, decision, reasons, {}, PROFILE.key), ruling)


def test_every_limit_against_broken_encoding_is_fixed() -> None:
    assert {each.signal for each in PROFILE.limits if is_fixed(each) and each.reason == "encoding"} == {
        "encoding_damage",
        "strange_letters",
        "lost_umlauts",
    }
    assert not any(is_fixed(each) for each in PROFILE.limits if each.signal in ("digit_share", "stop_word_share"))


def test_verdicts_of_yes_or_no_are_fixed() -> None:
    assert all(is_fixed(each) for each in built_in("datatrove-compat").limits)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (judged(Decision.KEEP), True),
        (judged(Decision.REVIEW, "strange_letters"), True),
        (judged(Decision.REJECT, "many_digits"), True),
        (judged(Decision.REJECT, "many_digits", "encoding"), False),
        (judged(Decision.REJECT, "damaged_words"), False),
        (judged(Decision.REJECT, "encoding", ruling=ReviewState.KEPT), True),
        (judged(Decision.KEEP, ruling=ReviewState.REJECTED), False),
    ],
)
def test_an_example_is_what_no_fixed_limit_and_nobody_rejects(text: Judged, counts: bool) -> None:
    assert is_an_example(text, fixed_reasons(PROFILE)) is counts


def test_a_reason_that_other_limits_give_too_tells_nothing() -> None:
    own = replace(PROFILE, limits=[replace(each, reason="ours") for each in PROFILE.limits])
    encoding = [replace(each, reason="kaputt") for each in PROFILE.limits if each.reason == "encoding"]

    assert "ours" not in fixed_reasons(own)
    assert "kaputt" in fixed_reasons(replace(PROFILE, limits=encoding))
