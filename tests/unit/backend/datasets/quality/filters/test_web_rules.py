"""DataTrove's verdicts as a profile."""

import json

import pytest

from backend.datasets.quality.filters.web_rules import REASONS, WebRulesFilter
from backend.datasets.quality.pipeline import Decision, QualityPipeline
from backend.datasets.quality.profile import built_in
from backend.datasets.quality.web_rules.judging import WebRules
from tests.support.shared_data import SHARED_DATA
from tests.support.web_texts import spoilt

GOOD = (
    "The council has met with the people of the town to talk about the new bridge, and it will be built in the spring. "
    "Most of them have waited for a long time to cross the river with their cars. The work is to be done by a firm "
    "that has built bridges in the whole of the land. It will take two years. The town has the money for it. "
    "Nobody knows whether the old ferry is to be kept when the bridge is there."
)


def pipeline() -> QualityPipeline:
    return QualityPipeline(built_in("datatrove-compat"))


def test_what_all_filters_keep_is_kept_with_full_score() -> None:
    found = pipeline().assess(GOOD)

    assert (found.decision, found.score, found.reasons) == (Decision.KEEP, 1.0, ())


def test_every_filter_names_its_first_reason() -> None:
    found = pipeline().assess("Too short.")

    assert found.decision is Decision.REJECT
    assert found.reasons == WebRules().judge_many(["Too short."])[0].reasons
    assert "gopher_short_doc" in found.reasons


def test_marks_of_layout_are_judged_as_they_stand() -> None:
    bullets = "\n".join(f"- {line.strip()}." for line in (GOOD * 2).split(".") if line.strip())

    assert "gopher_too_many_bullets" in pipeline().assess(bullets).reasons


def test_verdicts_are_those_of_the_rules() -> None:
    texts = ["", GOOD, *spoilt([GOOD, GOOD + " " + GOOD])]

    reasons = [set(found.reasons) for found in pipeline().assess_many(texts)]

    assert reasons == [set(verdict.reasons) for verdict in WebRules().judge_many(texts)]


def test_nobody_else_pays_for_them() -> None:
    assert not any(signal.startswith("web_") for signal in QualityPipeline().assess(GOOD).signals)


def test_every_reason_has_a_limit_and_a_signal() -> None:
    limits = built_in("datatrove-compat").limits

    assert [limit.reason for limit in limits] == list(REASONS)
    assert [limit.signal for limit in limits] == list(WebRulesFilter.signals)


@pytest.mark.skipif(not (SHARED_DATA / "c4_demo.jsonl.xz").is_file(), reason="needs ../shared/data (CLARA_SHARED_DATA)")
def test_verdicts_on_real_pages_are_those_of_the_rules() -> None:
    import lzma

    with lzma.open(SHARED_DATA / "c4_demo.jsonl.xz", "rt", encoding="utf-8") as stream:
        texts = [json.loads(line)["text"] for line in stream]

    reasons = [set(found.reasons) for found in pipeline().assess_many(texts)]

    assert reasons == [set(verdict.reasons) for verdict in WebRules().judge_many(texts)]
