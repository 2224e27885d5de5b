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


def leaking_records(result: BuildResult) -> set[str]:
    """Ids of records that say, word for word or by at least 0.8, what one of an earlier split does."""
    shown = {split: [(each["record_id"], *_compared(each)) for each in records(result, split)] for split in Split}
    return {
        record_id
        for earlier, later in combinations(Split, 2)
        for record_id, *texts in shown[later]
        for _, *others in shown[earlier]
        if any(_is_alike(one, other) for one, other in zip(texts, others, strict=True))
    }


def _compared(record: Mapping[str, Any]) -> Iterator[tuple[list[str], set[tuple[str, ...]]]]:
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


def _is_alike(one: tuple[list[str], set[tuple[str, ...]]], other: tuple[list[str], set[tuple[str, ...]]]) -> bool:
    return one[0] == other[0] or len(one[1] & other[1]) >= 0.8 * len(one[1] | other[1]) > 0
