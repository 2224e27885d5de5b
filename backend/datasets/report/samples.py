"""Records for people to look at, drawn evenly and always the same: those with the smallest hash of their id."""

import hashlib
import heapq
from collections.abc import Mapping
from typing import Any

from backend.datasets.tokens import training_text
from shared.models.dataset import Split

SAMPLES_PER_SPLIT = 3
EXCERPT_CHARACTERS = 1_200


class Samples:
    """Some records of every split; memory is theirs.

    A record is drawn by a hash of its id, so neither order nor size of the dataset decides, and those that are drawn
    again in a larger version of it are the same ones.

    Args:
        seed: Another seed draws others.
    """

    def __init__(self, *, seed: int, per_split: int = SAMPLES_PER_SPLIT) -> None:
        self._seed = seed
        self._per_split = per_split
        self._drawn: dict[Split, list[tuple[int, str, dict[str, Any]]]] = {split: [] for split in Split}

    def add(self, record: Mapping[str, Any], split: Split) -> None:
        """Perhaps keep a record."""
        drawn = self._drawn[split]
        record_id = str(record["record_id"])
        # the heap's first is the one to go: numbers are negative so that it has the greatest hash
        number = -_hash(f"{record_id}{self._seed}")
        if len(drawn) < self._per_split:
            heapq.heappush(drawn, (number, record_id, _shown(record, split)))
        elif number > drawn[0][0]:
            heapq.heapreplace(drawn, (number, record_id, _shown(record, split)))

    def as_json(self) -> list[dict[str, Any]]:
        """What was drawn, by split and id."""
        return [shown for split in Split for _, _, shown in sorted(self._drawn[split], key=lambda each: each[1])]


def _shown(record: Mapping[str, Any], split: Split) -> dict[str, Any]:
    text, metadata = training_text(record), record["metadata"]
    return {
        "record_id": record["record_id"],
        "split": split.value,
        "text": text[:EXCERPT_CHARACTERS],
        "is_cut": len(text) > EXCERPT_CHARACTERS,
        "quality_score": record["quality_score"],
        "source": record["source"],
        "title": metadata["title"],
        "section_number": metadata["section_number"],
    }


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")
