"""Two runs on the same queries: which one finds better, and could that be chance?"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.datasets.search_evaluation.evaluate import QueryResult, SetResult
from backend.datasets.search_evaluation.figures import against, latency, means
from backend.datasets.search_evaluation.report import FIGURES, RESULTS
from shared.errors import InvalidInput

EarlierRun = Mapping[tuple[str, str], Mapping[str, QueryResult]]
"""(set, ablation) -> query id -> answer."""


class CannotCompare(InvalidInput):
    """The other run cannot be read, or was asked other queries."""

    code = "cannot_compare"


def read_run(figures_file: Path) -> EarlierRun:
    """The answers of an earlier run, which lie beside its figures.

    Raises:
        CannotCompare: If they cannot be read.
    """
    file = figures_file.parent / RESULTS
    answers: dict[tuple[str, str], dict[str, QueryResult]] = {}
    try:
        if figures_file.name != FIGURES:
            raise ValueError(f"the name is not {FIGURES}")
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                result = QueryResult(row["query_id"], row["kind"], row["measures"], row["latency_ms"], row["found"])
                answers.setdefault((row["set"], row["ablation"]), {})[result.query_id] = result
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise CannotCompare(
            f"{figures_file} cannot be compared with: {exc}. Name the {FIGURES} that `--out` of an earlier run wrote; "
            f"{RESULTS} must lie beside it.",
            path=str(figures_file),
        ) from exc
    return answers


def compare(measured: Sequence[SetResult], other: EarlierRun, *, resamples: int, seed: int) -> dict[str, Any]:
    """Set -> ablation -> figures of both runs over the queries that both were asked, and their difference.

    Raises:
        CannotCompare: If no query was asked in both.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in measured:
        for ablation, results in each.results.items():
            earlier = other.get((each.name, ablation), {})
            shared = [result for result in results if _is_same(result, earlier.get(result.query_id))]
            if shared:
                theirs = [earlier[result.query_id] for result in shared]
                found.setdefault(each.name, {})[ablation] = {
                    "queries": len(shared),
                    "this": {**means(shared), "latency_ms": latency(shared)},
                    "other": {**means(theirs), "latency_ms": latency(theirs)},
                    "against_other": against(shared, theirs, resamples=resamples, seed=seed),
                }
    if not found:
        sets = ", ".join(sorted({name for name, _ in other})) or "none"
        raise CannotCompare(f"The runs have no query in common; the other one was asked the sets {sets}.")
    return found


def _is_same(result: QueryResult, other: QueryResult | None) -> bool:
    return other is not None and other.measures.keys() == result.measures.keys()
