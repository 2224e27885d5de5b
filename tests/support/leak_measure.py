"""What splits have in common, measured with a plain look at every pair: shares no code with the build."""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from backend.datasets.build_plan import BuildResult
from shared.models.dataset import Split
from tests.support.dataset_builds import records

_ASKED = ("instruction", "input", "prompt")
_ANSWERED = ("output", "completion", "chosen")
_TELLING_WORDS = 20

Compared = tuple[list[str], set[tuple[str, ...]]]
"""The words of a text, and its runs of five."""


def leaking_records(result: BuildResult) -> set[str]:
    """Ids of records that say, word for word or by at least 0.8, what one of an earlier split does."""
    shown = {split: [(each["record_id"], *compared(each)) for each in records(result, split)] for split in Split}
    return {
        record_id
        for earlier, later in combinations(Split, 2)
        for record_id, *texts in shown[later]
        for _, *others in shown[earlier]
        if any(similarity(one, other) >= 0.8 for one, other in zip(texts, others, strict=True))
    }


def compared(record: Mapping[str, Any]) -> Iterator[Compared]:
    """All that a model reads, and what a record says itself; a short answer says nothing without its question."""
    if "text" in record:
        whole, own = record["text"], record["text"].partition("\n")[2]
    else:
        asked, answer = _asked_and_answered(record)
        whole = "\n".join([*asked, answer, record.get("rejected", "")])
        own = answer if len(answer.split()) >= _TELLING_WORDS else whole
    for text in (whole, own):
        words = re.findall(r"\w+", text.lower())
        yield words, {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


def _asked_and_answered(record: Mapping[str, Any]) -> tuple[list[str], str]:
    if "messages" in record:
        asked, answered = (message["content"] for message in record["messages"])
        return [asked], answered
    return [record[name] for name in _ASKED if record.get(name)], next(
        record[name] for name in _ANSWERED if name in record
    )


def similarity(one: Compared, other: Compared) -> float:
    """1 for the same words; else the Jaccard similarity of runs of five of them."""
    (words, shingles), (other_words, other_shingles) = one, other
    if words == other_words:
        return 1.0
    return len(shingles & other_shingles) / len(shingles | other_shingles) if shingles and other_shingles else 0.0
