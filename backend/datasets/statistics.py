"""Counts and distributions of a dataset, gathered while its records pass by."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from backend.datasets.tokens import TokenCounter, training_text
from shared.models.dataset import Split

LENGTH_EDGES = (0, 250, 500, 1_000, 2_000, 3_000, 4_000, 8_000, 16_000)
QUALITY_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


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


class RecordStatistics:
    """Totals over all records.

    Args:
        counter: Has counted the tokens of the records.
    """

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._splits = {split.value: Counter[str](records=0, documents=0, tokens=0) for split in Split}
        self._sources: Counter[str] = Counter()
        self._formats: Counter[str] = Counter()
        self._lengths = Histogram(LENGTH_EDGES)
        self._qualities = Histogram(QUALITY_EDGES)
        self._quality_sum = 0.0
        self._document = ""

    def add(self, record: Mapping[str, Any], split: Split) -> None:
        """Count a record; records of a document come one after the other."""
        text = training_text(record)
        own = self._splits[split.value]
        own["records"] += 1
        own["tokens"] += record["metadata"]["tokens"]
        if record["document_id"] != self._document:
            self._document = record["document_id"]
            own["documents"] += 1
        self._sources[record["source"]] += 1
        self._formats[record["metadata"]["format"]] += 1
        self._lengths.add(len(text))
        self._qualities.add(record["quality_score"])
        self._quality_sum += record["quality_score"]

    @property
    def record_count(self) -> int:
        """All records."""
        return sum(each["records"] for each in self._splits.values())

    @property
    def document_count(self) -> int:
        """All documents; none stands in two splits."""
        return sum(each["documents"] for each in self._splits.values())

    @property
    def total_tokens(self) -> int:
        """Tokens of all records by the named counter."""
        return sum(each["tokens"] for each in self._splits.values())

    @property
    def quality_score_avg(self) -> float:
        """Mean quality of the records, 0 without any."""
        return round(self._quality_sum / self.record_count, 6) if self.record_count else 0.0

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        return {
            "records": self.record_count,
            "documents": self.document_count,
            "tokens": {"total": self.total_tokens, "counter": self._counter.name},
            "splits": {name: dict(counts) for name, counts in self._splits.items()},
            "sources": dict(self._sources.most_common()),
            "formats": dict(self._formats),
            "characters": self._lengths.as_json(),
            "quality": {"mean": self.quality_score_avg, **self._qualities.as_json()},
        }
