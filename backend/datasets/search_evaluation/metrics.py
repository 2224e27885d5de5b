"""Measures of one ranked answer, as the benchmarks of retrieval define them (trec_eval).

Source:
    Järvelin and Kekäläinen 2002, https://doi.org/10.1145/582415.582418; the gain is the grade itself and not
    2**grade - 1, as in trec_eval and in the published BEIR and MTEB figures.
"""

import math
from collections.abc import Mapping, Sequence

from backend.datasets.search_evaluation.judged import JudgedQuery

NDCG_10 = "ndcg_at_10"
RECALL_10 = "recall_at_10"
RECALL_100 = "recall_at_100"
MRR_10 = "mrr_at_10"
HIT_1 = "hit_at_1"
EMPTY = "empty_rate"
RIGHT_FIRST = "right_first"


def measures(ranked: Sequence[str], query: JudgedQuery) -> dict[str, float]:
    """All measures of an answer, each 0 … 1, named as in the figures.

    Args:
        ranked: Section ids, best first, without repetition.
        query: What was asked; `right_first` is measured where it has contrary sections.
    """
    found = {
        NDCG_10: ndcg(ranked, query.relevant, depth=10),
        RECALL_10: recall(ranked, query.relevant, depth=10),
        RECALL_100: recall(ranked, query.relevant, depth=100),
        MRR_10: reciprocal_rank(ranked, query.relevant, depth=10),
        HIT_1: float(bool(ranked) and ranked[0] in query.relevant),
        EMPTY: float(not ranked),
    }
    if query.contrary:
        found[RIGHT_FIRST] = float(stands_first(ranked, query))
    return found


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], *, depth: int) -> float:
    """Discounted gain of the first `depth` sections, by that of the best possible order."""
    gained = _discounted([relevant.get(section_id, 0) for section_id in ranked[:depth]])
    return gained / _discounted(sorted(relevant.values(), reverse=True)[:depth])


def recall(ranked: Sequence[str], relevant: Mapping[str, int], *, depth: int) -> float:
    """Share of the relevant sections among the first `depth`."""
    return len(relevant.keys() & set(ranked[:depth])) / len(relevant)


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, int], *, depth: int) -> float:
    """1 by the rank of the first relevant section; 0 if none is among the first `depth`."""
    return next((1 / rank for rank, section_id in enumerate(ranked[:depth], 1) if section_id in relevant), 0.0)


def stands_first(ranked: Sequence[str], query: JudgedQuery) -> bool:
    """Whether a relevant section was found, and above every contrary one."""
    deciding = (section_id for section_id in ranked if section_id in query.relevant or section_id in query.contrary)
    return next(deciding, None) in query.relevant


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))
