"""How values spread, gathered while they pass by: bins for a picture, quantiles for a figure, no value kept."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from typing import Any

QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_GROWTH = 1.02  # a quantile is off by one per cent at most


class Histogram:
    """Numbers per bin; a bin holds `edge <= value < next edge`, the last one everything above.

    Args:
        edges: Lower edges, ascending.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = edges
        self._counts = [0] * len(edges)

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[max(0, bisect_right(self._edges, value) - 1)] += 1

    def as_json(self) -> dict[str, Any]:
        """Edges and counts."""
        return {"edges": list(self._edges), "counts": list(self._counts)}


class Distribution:
    """Bins, least, mean, most, and quantiles that are right to one per cent.

    Memory is that of the occupied buckets: some hundred, whatever comes.

    Args:
        edges: Lower edges of the bins, ascending.

    Source: Masson et al. 2019, DDSketch, https://arxiv.org/abs/1908.10693
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._bins = Histogram(edges)
        self._buckets: Counter[int] = Counter()
        self._count = 0
        self._sum = 0.0
        self._least, self._most = math.inf, -math.inf

    def add(self, value: float) -> None:
        """Count a value, 0 or greater."""
        self._bins.add(value)
        self._buckets[_bucket(value)] += 1
        self._count += 1
        self._sum += value
        self._least, self._most = min(self._least, value), max(self._most, value)

    def quantile(self, share: float) -> float | None:
        """The value below which that share of all values lies, None without any."""
        wanted, seen = share * (self._count - 1), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen > wanted:
                return min(max(_value(bucket), self._least), self._most)
        return None

    def as_json(self) -> dict[str, Any]:
        """`edges` and `counts` of the bins, `min`, `mean`, `max`, `quantiles` (`p1` … `p99`); null without values."""
        if not self._count:
            return {**self._bins.as_json(), "min": None, "mean": None, "max": None, "quantiles": {}}
        found = {f"p{share * 100:g}": round(self.quantile(share) or 0.0, 6) for share in QUANTILES}
        return {
            **self._bins.as_json(),
            "min": self._least,
            "mean": round(self._sum / self._count, 6),
            "max": self._most,
            "quantiles": found,
        }


def _bucket(value: float) -> int:
    # values below a millionth are one bucket: scores and counts have none
    return math.floor(math.log(max(value, 1e-6), _GROWTH))


def _value(bucket: int) -> float:
    """The middle of a bucket."""
    value: float = _GROWTH ** (bucket + 0.5)
    return value if value > 1e-5 else 0.0
