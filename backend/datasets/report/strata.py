"""How evenly the splits are spread over sources, kinds of files and years.

Every document is given to a split by a hash of its path against fixed thresholds, in every stratum alike; so each
stratum has the wished shares in expectation, and a document never moves when others come or go. Exact quotas would need
to know the others. What remains is chance: `standard_error` says how far a share of that many documents lies off as a
rule, `deviation` how far it does.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from shared.models.dataset import Split

MOST_STRATA = 100
ATTRIBUTES = ("source", "type", "year")


def split_strata(counts: Iterable[tuple[str, str, str, int]], shares: Mapping[str, float]) -> dict[str, Any]:
    """Shares of the splits in every stratum, the largest strata first.

    Args:
        counts: Attribute, its value, split, and number of documents that have records.
        shares: Split -> wished share.

    Returns:
        Attribute -> value -> `documents`, `shares` (split -> 0..1), `deviation` (the largest of a split, 0..1) and the
        `standard_error` of that split's share.
    """
    found: dict[str, defaultdict[str, dict[str, int]]] = {name: defaultdict(dict) for name in ATTRIBUTES}
    for attribute, value, split, documents in counts:
        found[attribute][value][split] = documents
    return {attribute: _strata(values, shares) for attribute, values in found.items()}


def _strata(values: Mapping[str, Mapping[str, int]], shares: Mapping[str, float]) -> dict[str, Any]:
    largest = sorted(values.items(), key=lambda each: (-sum(each[1].values()), each[0]))[:MOST_STRATA]
    return {value: _stratum(counts, shares) for value, counts in largest}


def _stratum(counts: Mapping[str, int], shares: Mapping[str, float]) -> dict[str, Any]:
    total = sum(counts.values())
    own = {split.value: counts.get(split.value, 0) / total for split in Split}
    worst = max(Split, key=lambda split: abs(own[split.value] - shares.get(split.value, 0.0))).value
    wished = shares.get(worst, 0.0)
    return {
        "documents": total,
        "shares": {split: round(share, 6) for split, share in own.items()},
        "deviation": round(abs(own[worst] - wished), 6),
        "standard_error": round(math.sqrt(wished * (1 - wished) / total), 6),
    }
