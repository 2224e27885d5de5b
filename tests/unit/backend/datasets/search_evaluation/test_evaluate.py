"""Asking a searcher all queries, with all lists and with some."""

from dataclasses import replace

import pytest

from backend.datasets.search_evaluation.evaluate import NothingToAsk, evaluate
from backend.datasets.search_evaluation.options import EvaluationOptions, EvaluationProgress
from shared.models.search import RankedList, SearchLeg
from tests.support.search_questions import own_set
from tests.support.word_searcher import WordSearcher

OPTIONS = EvaluationOptions(resamples=200)
BOTH = (RankedList.KEYWORD, RankedList.COMPOUND)


def test_every_query_is_asked_of_all_lists_and_of_each_alone() -> None:
    (measured,) = evaluate([own_set()], WordSearcher, OPTIONS)
    assert dict(measured.lists) == {
        "all": BOTH,
        "only keyword": (RankedList.KEYWORD,),
        "only compound": (RankedList.COMPOUND,),
    }
    ids = [query.query_id for query in own_set().queries]
    assert all([result.query_id for result in results] == ids for results in measured.results.values())
    assert measured.sections == 64


def test_without_ablation_only_all_lists_together_are_asked() -> None:
    (measured,) = evaluate([own_set()], WordSearcher, replace(OPTIONS, has_ablation=False))
    assert list(measured.results) == ["all"]


def test_lists_of_other_kinds_of_search_take_no_part() -> None:
    searcher = WordSearcher()
    options = replace(OPTIONS, legs=(SearchLeg.VECTOR,))
    with pytest.raises(NothingToAsk, match="lists vector; the search answers keyword, compound"):
        list(evaluate([own_set()], lambda: searcher, options))
    assert searcher.is_closed


def test_sets_that_share_an_index_share_a_searcher() -> None:
    searchers: list[WordSearcher] = []

    def opened() -> WordSearcher:
        searchers.append(WordSearcher())
        return searchers[-1]

    first, second = own_set("question"), replace(own_set("citation"), name="second")
    other = replace(own_set("compound"), name="third", index_key="other")
    measured = list(evaluate([first, other, second], opened, OPTIONS))
    assert len(searchers) == 2
    assert {each.name for each in measured} == {"own", "second", "third"}
    assert all(searcher.is_closed for searcher in searchers)


def test_a_search_that_ignores_negations_is_found_out() -> None:
    def right_first(searcher: WordSearcher) -> float:
        (measured,) = evaluate([own_set("negation")], lambda: searcher, replace(OPTIONS, has_ablation=False))
        return sum(result.measures["right_first"] for result in measured.results["all"]) / 4

    assert right_first(WordSearcher()) > right_first(WordSearcher(ignores=("nicht",)))


def test_progress_names_set_and_ablation_and_ends_at_its_total() -> None:
    told: list[EvaluationProgress] = []
    list(evaluate([own_set()], WordSearcher, OPTIONS, told.append))
    steps = [each for each in told if each.stage == "own: only keyword"]
    assert steps[0].step == 0
    assert steps[-1].step == steps[-1].total_steps == len(own_set().queries)
