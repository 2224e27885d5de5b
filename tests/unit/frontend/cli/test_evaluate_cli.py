"""`clara search evaluate`: what it asks of the child, and figures as tables."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from frontend.cli import evaluate_cli
from frontend.cli.evaluation_process import EvaluationFailed, EvaluationRefused, run_search_evaluation
from frontend.cli.session import Session, SharedOptions
from tests.support.cli import Clara

DIFFERENCE = {"difference": -0.123, "low": -0.2, "high": -0.05, "p_value": 0.001}
MEANS = {
    "ndcg_at_10": 0.912,
    "recall_at_10": 0.95,
    "recall_at_100": 0.99,
    "mrr_at_10": 0.9,
    "hit_at_1": 0.85,
    "empty_rate": 0.0,
}
TIMES = {"p50": 4.2, "p95": 11.7}
FIGURES: dict[str, Any] = {
    "elapsed_s": 75.0,
    "skipped": {"negation": "there is no negation"},
    "sets": {
        "citations": {
            "queries": 1000,
            "sections": 107485,
            "index_s": 61.0,
            "ablations": {
                "all": {"lists": ["keyword"], **MEANS, "latency_ms": TIMES, "against_all": {}},
                "only keyword": {
                    "lists": ["keyword"],
                    **MEANS,
                    "latency_ms": TIMES,
                    "against_all": {"ndcg_at_10": DIFFERENCE},
                },
            },
            "kinds": {"plain": {"queries": 62, **MEANS}},
        }
    },
    "compared": {
        "with": "old/figures.json",
        "sets": {
            "citations": {
                "all": {
                    "queries": 900,
                    "this": {**MEANS, "latency_ms": TIMES},
                    "other": {**MEANS, "ndcg_at_10": 0.789, "latency_ms": TIMES},
                    "against_other": {"ndcg_at_10": {**DIFFERENCE, "difference": 0.123}},
                }
            }
        },
    },
    "out": "run",
    "picture": "run/ndcg.svg",
}


@pytest.fixture
def arguments(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that the child gets; it answers with the figures."""
    given: list[str] = []

    def child(_session: Session, arguments: list[str]) -> dict[str, Any]:
        given.extend(arguments)
        return FIGURES

    monkeypatch.setattr(evaluate_cli, "run_search_evaluation", child)
    return given


def test_figures_are_shown_set_by_set_with_intervals_and_kinds(clara: Clara, arguments: list[str]) -> None:
    result = clara("search", "evaluate")
    assert result.exit_code == 0, result.output
    assert "citations: 1,000 queries among 107,485 sections, indexed in 1 min 01 s" in result.stdout
    assert "-0.123 [-0.200 -0.050] *" in result.stdout
    assert "11.7" in result.stdout
    assert "plain" in result.stdout
    assert "this run and old/figures.json" in result.stdout
    assert "+0.123" in result.stdout
    assert "run/ndcg.svg" in result.stderr
    assert "Left out: there is no negation" in result.stderr
    assert arguments == ["--store=embedded", "--limit=0", "--"]


def test_options_reach_the_child(clara: Clara, arguments: list[str]) -> None:
    clara(
        *("search", "evaluate", "heading", "x.json", "--laws", "laws.tar.xz", "--store", "configured"),
        *("--legs", "keyword", "--legs", "graph", "--weights", "keyword=2", "--limit", "5", "--seed", "3"),
        *("--no-ablation", "--out", "run", "--compare", "old/figures.json"),
    )
    assert arguments == [
        "--laws=laws.tar.xz",
        "--store=configured",
        "--weights=keyword=2",
        "--limit=5",
        "--seed=3",
        "--out=run",
        "--compare=old/figures.json",
        "--leg=keyword",
        "--leg=graph",
        "--no-ablation",
        "--",
        "heading",
        "x.json",
    ]


def test_json_is_the_figures(clara: Clara, arguments: list[str]) -> None:
    assert clara.json("search", "evaluate") == FIGURES


@pytest.mark.parametrize(
    ("family", "error"),
    [
        ("InvalidInput", EvaluationRefused),
        ("Conflict", EvaluationRefused),
        ("NotFound", EvaluationRefused),
        ("Unavailable", EvaluationFailed),
    ],
)
def test_a_refusal_keeps_its_words(tmp_path: Path, family: str, error: type[Exception]) -> None:
    line = json.dumps({"event": "error", "code": "x", "family": family, "message": "because of this"})
    script = tmp_path / "child.py"
    script.write_text(f"print({line!r})\nraise SystemExit(2)\n")
    with pytest.raises(error, match="because of this"):
        run_search_evaluation(Session(SharedOptions(as_json=True)), [], command=(sys.executable, str(script)))


def test_what_is_no_set_ends_with_exit_code_2(clara: Clara, tmp_path: Path) -> None:
    result = clara("search", "evaluate", "headings", env={"CLARA_HOME": str(tmp_path)})
    assert result.exit_code == 2
    assert "'headings' is no set" in result.stderr
    assert not (tmp_path / "clara.db").exists()
