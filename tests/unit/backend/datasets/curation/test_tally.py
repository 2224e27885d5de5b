"""Counting what a profile does."""

from backend.datasets.curation.duplicate_file import Duplicate
from backend.datasets.curation.tally import Tally, example_ids
from backend.datasets.quality.pipeline import Assessment, Decision
from shared.models.review import ReviewState


def an_assessment(decision: Decision, *reasons: str, score: float = 0.4) -> Assessment:
    return Assessment(score, decision, reasons, {"words": 50}, "p-1+0")


def test_rules_know_what_they_reject_alone_and_where_a_person_disagreed() -> None:
    tally = Tally()
    tally.add("s1", an_assessment(Decision.REJECT, "stub"), None)
    tally.add("s2", an_assessment(Decision.REJECT, "stub", "few_letters"), ReviewState.KEPT)
    tally.add("s3", an_assessment(Decision.KEEP, score=1.0), ReviewState.REJECTED)
    tally.add("s4", an_assessment(Decision.REVIEW, "digit_share"), None)

    told = tally.as_json()

    assert told["rules"]["stub"] == {"rejected": 2, "alone": 1, "overruled": 1, "examples": ["s1", "s2"]}
    assert told["rules"]["few_letters"]["alone"] == 0
    assert told["decisions"] == {"keep": 1, "review": 1, "reject": 2}
    assert told["doubted"] == {"digit_share": {"sections": 1, "examples": ["s4"]}}
    assert told["rulings"] == {"kept": 1, "rejected": 1}
    assert sum(told["scores"]) == told["sections"] == 4
    assert told["scores"][-1] == 1
    assert example_ids(told) == ["s1", "s2", "s4"]


def test_a_ruling_that_agrees_changes_nothing() -> None:
    tally = Tally()

    assert tally.add("s1", an_assessment(Decision.KEEP), ReviewState.KEPT) is Decision.KEEP
    assert tally.add("s2", an_assessment(Decision.REJECT, "stub"), ReviewState.REJECTED) is Decision.REJECT
    assert tally.as_json()["rulings"] == {"kept": 0, "rejected": 0}


def test_examples_and_clusters_are_the_first_and_the_largest_few() -> None:
    tally = Tally()
    for number in range(50):
        tally.add(f"s{number:02}", an_assessment(Decision.REJECT, "stub"), None)
        tally.add_duplicate(Duplicate(f"s{number:02}", f"r{number % 10}", "near", 0.9, number % 10 + 2))

    told = tally.as_json()

    assert told["rules"]["stub"]["examples"] == ["s00", "s01", "s02"]
    assert told["duplicates"] == {
        "exact": 0,
        "near": 50,
        "largest_clusters": [
            {"sections": 11, "representative": "r9"},
            {"sections": 10, "representative": "r8"},
            {"sections": 9, "representative": "r7"},
        ],
    }


def test_personal_data_is_counted_by_kind_and_by_section() -> None:
    tally = Tally()
    for kinds in ({"iban": 2}, {}, {"iban": 1, "person": 1}):
        tally.add_personal_data(kinds)

    assert tally.as_json()["personal_data"] == {"sections": 2, "kinds": {"iban": 3, "person": 1}}
