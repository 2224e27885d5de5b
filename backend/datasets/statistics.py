"""Counts and distributions of a dataset, gathered while its finished records pass by."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from backend.datasets.distributions import Distribution
from backend.datasets.records.candidates import file_type_of
from backend.datasets.tokens import training_text
from shared.models.dataset import RecordOrigin, Split

LENGTH_EDGES = (0, 250, 500, 1_000, 2_000, 3_000, 4_000, 8_000, 16_000)
TOKEN_EDGES = (0, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096)
QUALITY_EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OTHERS = "others"
_MOST_NAMES = 10_000


class RecordStatistics:
    """Totals over all records; their tokens were counted when they were written."""

    def __init__(self) -> None:
        self._counter = ""
        self._splits = {split.value: Counter[str](records=0, documents=0, tokens=0) for split in Split}
        self._sources, self._formats, self._types, self._templates = (NameCounts() for _ in range(4))
        self._synthetic = 0
        self._lengths = Distribution(LENGTH_EDGES)
        self._tokens = Distribution(TOKEN_EDGES)
        self._qualities = Distribution(QUALITY_EDGES)
        self._quality_sum = 0.0
        self._document = ""

    def add(self, record: Mapping[str, Any], split: Split) -> None:
        """Count a record; records of a document come one after the other."""
        text = training_text(record)
        tokens = record["metadata"]["tokens"]
        own = self._splits[split.value]
        own["records"] += 1
        own["tokens"] += tokens
        if record["document_id"] != self._document:
            self._document = record["document_id"]
            own["documents"] += 1
        self._name(record)
        self._lengths.add(len(text))
        self._tokens.add(tokens)
        self._qualities.add(record["quality_score"])
        self._quality_sum += record["quality_score"]

    def _name(self, record: Mapping[str, Any]) -> None:
        metadata = record["metadata"]
        self._counter = metadata["tokenizer"]
        self._sources.add(record["source"])
        self._formats.add(metadata["format"])
        self._types.add(file_type_of(metadata["path"]))
        if metadata["template"]:
            self._templates.add(metadata["template"])
        self._synthetic += metadata["origin"] == RecordOrigin.SYNTHETIC

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
            "tokens": {"total": self.total_tokens, "counter": self._counter, "per_record": self._tokens.as_json()},
            "splits": {name: dict(counts) for name, counts in self._splits.items()},
            "sources": self._sources.as_json(),
            "formats": self._formats.as_json(),
            "types": self._types.as_json(),
            "templates": self._templates.as_json(),
            "synthetic": {
                "records": self._synthetic,
                "share": round(self._synthetic / self.record_count, 6) if self.record_count else 0.0,
            },
            "characters": self._lengths.as_json(),
            "quality": {**self._qualities.as_json(), "mean": self.quality_score_avg},
        }


class NameCounts:
    """How often names come; of more names than a person can look at, the further ones count together."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Count a name."""
        known = name in self._counts or len(self._counts) < _MOST_NAMES
        self._counts[name if known else OTHERS] += 1

    def as_json(self) -> dict[str, int]:
        """Name -> count, the most frequent first, equal ones by name."""
        return dict(sorted(self._counts.items(), key=lambda each: (-each[1], each[0])))
