"""Means, quantiles and differences."""

import pytest

from backend.datasets.search_evaluation.evaluate import QueryResult, evaluate
from backend.datasets.search_evaluation.figures import latency, set_figures
from backend.datasets.search_evaluation.options import EvaluationOptions
from tests.support.search_questions import own_set
from tests.support.word_searcher import WordSearcher


def taking(latency_ms: float) -> QueryResult:
    return QueryResult("q", "", {"ndcg_at_10": 1.0}, latency_ms, ())


def test_quantiles_are_values_that_so_many_answers_did_not_exceed() -> None:
    assert latency([taking(float(n)) for n in range(100, 0, -1)]) == {"p50": 50, "p95": 95}
    assert latency([taking(3.0)]) == {"p50": 3, "p95": 3}


def test_each_ablation_is_told_against_all_lists_on_the_same_queries() -> None:
    (measured,) = evaluate([own_set()], WordSearcher, EvaluationOptions())
    figures = set_figures(measured, resamples=500, seed=1)
    every, alone = figures["ablations"]["all"], figures["ablations"]["only compound"]
    assert every["against_all"] == {}
    told = alone["against_all"]["ndcg_at_10"]
    assert told["difference"] == pytest.approx(alone["ndcg_at_10"] - every["ndcg_at_10"], abs=2e-4)
    assert told["low"] <= told["difference"] <= told["high"]
    assert (figures["queries"], figures["sections"]) == (len(own_set().queries), 64)


def test_kinds_of_queries_have_figures_of_their_own() -> None:
    (measured,) = evaluate([own_set()], WordSearcher, EvaluationOptions(has_ablation=False))
    kinds = set_figures(measured, resamples=100, seed=1)["kinds"]
    assert {kind: each["queries"] for kind, each in kinds.items()} == {
        "citation": 14,
        "compound": 12,
        "negation": 4,
        "question": 42,
    }
    assert "right_first" in kinds["negation"]
