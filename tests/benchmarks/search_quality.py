"""How well the search finds without any setting: XQuAD-de and four sets made of all sections of 5,957 laws.

Needs ../shared/data (or CLARA_SHARED_DATA). What the sets are, and what the figures mean:
[How well does the search find](guides/search_quality.md). `ablations` are nDCG@10, `all` is every list together;
`kinds` are shares of queries with their section at rank 1. Times are of one query after the other in one process; the
bound on them holds on a quiet machine. Takes about an hour.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.shared_data import SHARED_DATA

LAWS, XQUAD = SHARED_DATA / "gesetze.tar.xz", SHARED_DATA / "xquad.de.json"
BUILT_IN = ("heading", "citations", "compounds", "negation")
_WITHOUT_VECTORS = ("without vector", "all")  # the second where there are no vectors
_TOLD = ("ndcg_at_10", "recall_at_10", "recall_at_100", "mrr_at_10", "hit_at_1", "right_first", "empty_rate")
BOUNDS = {"xquad.de": 0.95, "heading": 0.52}
P95_BOUND_MS = 50.0


def measure() -> dict[str, Any]:
    missing = [str(file) for file in (LAWS, XQUAD) if not file.is_file()]
    if missing:
        return {"skipped": f"{', '.join(missing)} not there", "holds": True}
    with tempfile.TemporaryDirectory() as home:
        figures = _evaluated(home)
    sets = {name: _told(each) for name, each in figures["sets"].items()}
    lexical = {name: _lexical(figures["sets"][name]) for name in BOUNDS}
    citations = sets["citations"]["hit_at_1"]
    p95_ms = sets["heading"]["p95_ms"]
    return {
        **sets,
        "without_vectors_ndcg_at_10": lexical,
        "seed": figures["seed"],
        "bounds": {"without_vectors_ndcg_at_10": BOUNDS, "citations hit_at_1": 1.0, "heading p95_ms": P95_BOUND_MS},
        "holds": all(lexical[name] >= bound for name, bound in BOUNDS.items())
        and citations == 1.0
        and p95_ms <= P95_BOUND_MS,
    }


def _evaluated(home: str) -> Mapping[str, Any]:
    child = subprocess.run(
        [
            *(sys.executable, "-m", "backend.datasets.search_evaluation"),
            *(str(XQUAD), *BUILT_IN, f"--laws={LAWS}", f"--out={Path(home) / 'run'}"),
        ],
        env={**_environment(), "CLARA_HOME": home},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = child.stdout.splitlines()
    last: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    if last.get("event") != "done":
        raise RuntimeError(last.get("message") or child.stderr[-2000:])
    return last


def _environment() -> dict[str, str]:
    # what is measured is the search that nobody configured
    named = ("POSTGRES_", "CHROMA_", "NEO4J_", "COUCH_", "CLARA_", "UDS3_")
    return {name: value for name, value in os.environ.items() if not name.startswith(named)}


def _told(figures: Mapping[str, Any]) -> dict[str, Any]:
    everything = figures["ablations"]["all"]
    return {
        "queries": figures["queries"],
        "sections": figures["sections"],
        "index_s": figures["index_s"],
        **{name: everything[name] for name in _TOLD if name in everything},
        "p50_ms": everything["latency_ms"]["p50"],
        "p95_ms": everything["latency_ms"]["p95"],
        "ablations": {name: each["ndcg_at_10"] for name, each in figures["ablations"].items()},
        "kinds": {name: each["hit_at_1"] for name, each in figures["kinds"].items()},
    }


def _lexical(figures: Mapping[str, Any]) -> float:
    ablations = figures["ablations"]
    name = next(name for name in _WITHOUT_VECTORS if name in ablations)
    ndcg: float = ablations[name]["ndcg_at_10"]
    return ndcg
