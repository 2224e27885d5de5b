"""From an order to figures, a folder and a comparison."""

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.search_evaluation.comparing import CannotCompare
from backend.datasets.search_evaluation.judged import UnusableSet
from backend.datasets.search_evaluation.options import EvaluationOptions
from backend.datasets.search_evaluation.report import RunExists
from backend.datasets.search_evaluation.run import Order, run_evaluation
from tests.support.search_questions import LAWS
from tests.support.word_searcher import WordSearcher

OPTIONS = EvaluationOptions(resamples=500)


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def run(order: Order, searcher: WordSearcher | None = None) -> dict[str, Any]:
    return run_evaluation(order, LAWS, lambda: searcher or WordSearcher())


def squad(tmp_path: Path) -> Path:
    qas = [{"id": "q", "question": "Wann gilt die Ruhezeit?"}]
    content = {"data": [{"title": "t", "paragraphs": [{"context": "Die Ruhezeit gilt immer.", "qas": qas}]}]}
    path = tmp_path / "fragen.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_run_leaves_figures_every_answer_and_every_query(tmp_path: Path) -> None:
    out = tmp_path / "run"
    figures = run(Order(["heading", "citations"], OPTIONS, out))
    written = json.loads((out / "figures.json").read_text(encoding="utf-8"))
    assert written["sets"] == figures["sets"]
    assert written["search"] == {"store": "words"}
    queries, results = rows(out / "queries.jsonl"), rows(out / "results.jsonl")
    assert Counter(row["set"] for row in queries) == {name: each["queries"] for name, each in written["sets"].items()}
    ablations = sum(len(each["ablations"]) * each["queries"] for each in written["sets"].values())
    assert len(results) == ablations
    assert (out / "ndcg.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_files_are_taken_beside_built_in_sets(tmp_path: Path) -> None:
    figures = run(Order([str(squad(tmp_path)), "heading"], OPTIONS))
    assert set(figures["sets"]) == {"fragen", "heading"}


def test_what_is_no_set_is_refused_before_anything_is_indexed(tmp_path: Path) -> None:
    searcher = WordSearcher()
    with pytest.raises(UnusableSet, match="'headings' is no set: expected is one of"):
        run(Order(["headings"], OPTIONS), searcher)
    assert searcher.held == {}


def test_sets_that_nobody_named_are_left_out_with_the_reason_where_the_laws_give_none() -> None:
    figures = run(Order((), OPTIONS))
    assert {"heading", "citations"} <= set(figures["sets"])
    assert set(figures["sets"]) | set(figures["skipped"]) == {"heading", "citations", "compounds", "negation"}
    assert "compounds" in figures["skipped"]["compounds"]


def test_a_set_that_was_named_and_cannot_be_made_is_refused() -> None:
    with pytest.raises(UnusableSet, match="'compounds' needs headings with compounds"):
        run(Order(["heading", "compounds"], OPTIONS))


def test_a_limit_spreads_over_the_set(tmp_path: Path) -> None:
    run(Order(["citations"], replace(OPTIONS, limit=10), tmp_path / "run"))
    kinds = {row["kind"] for row in rows(tmp_path / "run" / "queries.jsonl")}
    assert len(rows(tmp_path / "run" / "queries.jsonl")) == 10
    assert len(kinds) > 5


def test_runs_are_never_overwritten(tmp_path: Path) -> None:
    order = Order(["heading"], OPTIONS, tmp_path / "run")
    run(order)
    with pytest.raises(RunExists, match="--out"):
        run(order)


def test_a_run_like_the_other_differs_by_nothing(tmp_path: Path) -> None:
    run(Order(["heading"], OPTIONS, tmp_path / "one"))
    again = run(Order(["heading"], OPTIONS, compare_with=tmp_path / "one" / "figures.json"))
    judged = again["compared"]["sets"]["heading"]["all"]["against_other"]["ndcg_at_10"]
    assert (judged["difference"], judged["p_value"]) == (0, 1)


def test_a_better_run_is_told_to_be_better_on_the_queries_that_both_were_asked(tmp_path: Path) -> None:
    without_numbers = WordSearcher(ignores=[str(number) for number in range(10)])
    run(Order(["citations"], replace(OPTIONS, limit=20), tmp_path / "one"), without_numbers)
    order = Order(["citations"], OPTIONS, compare_with=tmp_path / "one" / "figures.json")
    compared = run(order)["compared"]["sets"]["citations"]["all"]
    assert compared["queries"] == 20
    judged = compared["against_other"]["ndcg_at_10"]
    assert judged["difference"] == pytest.approx(
        compared["this"]["ndcg_at_10"] - compared["other"]["ndcg_at_10"], abs=2e-4
    )
    assert judged["low"] > 0


def test_runs_without_a_common_query_are_not_compared(tmp_path: Path) -> None:
    run(Order(["heading"], OPTIONS, tmp_path / "one"))
    with pytest.raises(CannotCompare, match="no query in common"):
        run(Order(["citations"], OPTIONS, compare_with=tmp_path / "one" / "figures.json"))


def test_what_is_no_run_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(CannotCompare, match=r"results\.jsonl must lie beside it"):
        run(Order(["heading"], OPTIONS, compare_with=tmp_path / "figures.json"))


def test_without_matplotlib_the_run_is_whole_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    figures = run(Order(["heading"], OPTIONS, tmp_path / "run"))
    assert "matplotlib is not installed" in str(figures["picture"])
    assert (tmp_path / "run" / "figures.json").exists()


def test_the_same_order_gives_the_same_figures_but_for_the_times() -> None:
    def untimed() -> object:
        figures = run(Order(["heading"], OPTIONS))
        return [
            {name: value for name, value in each.items() if name != "latency_ms"}
            for each in figures["sets"]["heading"]["ablations"].values()
        ]

    assert untimed() == untimed()
