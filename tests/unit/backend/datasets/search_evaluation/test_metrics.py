"""Measures of one ranked answer, against figures worked out by hand."""

import math

import pytest

from backend.datasets.search_evaluation.judged import JudgedQuery
from backend.datasets.search_evaluation.metrics import measures, ndcg, recall, reciprocal_rank, stands_first

GRADED = {"a": 3, "b": 1, "c": 2}


def asked(relevant: dict[str, int], contrary: tuple[str, ...] = ()) -> JudgedQuery:
    return JudgedQuery("q", "?", relevant, contrary=frozenset(contrary))


def test_the_best_order_has_an_ndcg_of_one() -> None:
    assert ndcg(["a", "c", "b"], GRADED, depth=10) == pytest.approx(1.0)


def test_ndcg_discounts_by_the_logarithm_of_the_rank_and_takes_the_grade_as_gain() -> None:
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    assert ndcg(["b", "x", "a"], GRADED, depth=10) == pytest.approx((1 + 3 / 2) / ideal)


def test_ndcg_of_one_relevant_section_at_rank_two_is_the_textbook_figure() -> None:
    assert ndcg(["x", "a"], {"a": 1}, depth=10) == pytest.approx(0.6309, abs=1e-4)


def test_what_lies_behind_the_depth_counts_for_nothing_also_in_the_ideal() -> None:
    many = {f"r{n}": 1 for n in range(20)}
    assert ndcg([*(f"x{n}" for n in range(10)), "r0"], many, depth=10) == 0
    assert ndcg([f"r{n}" for n in range(10)], many, depth=10) == pytest.approx(1.0)


def test_recall_is_the_share_of_the_relevant_among_the_first() -> None:
    assert recall(["a", "x", "b"], GRADED, depth=2) == pytest.approx(1 / 3)
    assert recall(["a", "x", "b"], GRADED, depth=3) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("ranked", "expected"), [(["x", "b"], 0.5), (["a"], 1.0), (["x"] * 10 + ["a"], 0.0), ([], 0.0)]
)
def test_the_reciprocal_rank_is_that_of_the_first_relevant(ranked: list[str], expected: float) -> None:
    assert reciprocal_rank(ranked, GRADED, depth=10) == expected


def test_an_empty_answer_is_told_and_scores_nothing() -> None:
    assert measures([], asked({"a": 1})) == {
        "ndcg_at_10": 0,
        "recall_at_10": 0,
        "recall_at_100": 0,
        "mrr_at_10": 0,
        "hit_at_1": 0,
        "empty_rate": 1,
    }


@pytest.mark.parametrize(
    ("ranked", "is_first"),
    [(["x", "a", "z"], True), (["z", "a"], False), (["a"], True), (["z"], False), (["x"], False)],
)
def test_the_right_one_must_stand_above_what_says_the_opposite(ranked: list[str], is_first: bool) -> None:
    query = asked({"a": 1}, ("z",))
    assert stands_first(ranked, query) is is_first
    assert measures(ranked, query)["right_first"] == is_first
