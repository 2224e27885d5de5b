"""From measured answers to figures: means, quantiles, and each ablation against all lists together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.datasets.search_evaluation.ablation import ALL
from backend.datasets.search_evaluation.bootstrap import paired_bootstrap
from backend.datasets.search_evaluation.evaluate import QueryResult, SetResult
from backend.datasets.search_evaluation.metrics import EMPTY

_DIGITS = 4


def set_figures(measured: SetResult, *, resamples: int, seed: int) -> dict[str, Any]:
    """All figures of a set.

    Args:
        measured: Its answers.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
    """
    everything = measured.results[ALL]
    return {
        "queries": len(everything),
        "sections": measured.sections,
        "index_s": round(measured.index_s, 1),
        "ablations": {
            name: {
                "lists": [str(each) for each in measured.lists[name]],
                **means(results),
                "latency_ms": latency(results),
                "against_all": {} if name == ALL else against(results, everything, resamples=resamples, seed=seed),
            }
            for name, results in measured.results.items()
        },
        "kinds": _by_kind(everything),
    }


def means(results: Sequence[QueryResult]) -> dict[str, float]:
    """Mean of every measure that all of them have."""
    names = [name for name in results[0].measures if all(name in result.measures for result in results)]
    return {name: round(sum(result.measures[name] for result in results) / len(results), _DIGITS) for name in names}


def latency(results: Sequence[QueryResult]) -> dict[str, float]:
    """Quantiles in milliseconds; the value that so many answers did not exceed."""
    ordered = sorted(result.latency_ms for result in results)
    return {f"p{share}": round(ordered[-(-len(ordered) * share // 100) - 1], 2) for share in (50, 95)}


def against(
    ours: Sequence[QueryResult], others: Sequence[QueryResult], *, resamples: int, seed: int
) -> dict[str, dict[str, Any]]:
    """Measure -> how much higher ours is; both are answers to the same queries in the same order."""
    import numpy as np

    names = [name for name in means(ours) if name != EMPTY]
    differences = np.array(
        [[one.measures[name] - other.measures[name] for name in names] for one, other in zip(ours, others, strict=True)]
    )
    judged = paired_bootstrap(differences, resamples=resamples, seed=seed)
    return {name: difference.as_json() for name, difference in zip(names, judged, strict=True)}


def _by_kind(results: Iterable[QueryResult]) -> Mapping[str, Any]:
    groups: dict[str, list[QueryResult]] = {}
    for result in results:
        if result.kind:
            groups.setdefault(result.kind, []).append(result)
    return {kind: {"queries": len(group), **means(group)} for kind, group in sorted(groups.items())}
