"""Rows to buckets: texts that share the key of a band have to be compared, unless there are too many of them.

A boilerplate bucket with thousands of texts must not cost thousands times thousands comparisons. Texts that become
members of a cluster never enter a bucket, so only texts that are no duplicates of each other fill it: `BUCKET_KEPT` at
most. And a text is compared with at most `MOST_COMPARED` of those that it meets, with those first that share most and
the emptiest buckets, as a twin does: of 14 keys, it shares some that no boilerplate has. Both limits go by preference
and by keys alone, so that a second run over the kept texts compares what the first one did.
"""

from array import array
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.signatures import BANDS

BUCKET_KEPT = 128
MOST_COMPARED = 64


@dataclass(frozen=True, slots=True)
class Meetings:
    """Which texts share a bucket with others, and which buckets these are.

    Args:
        texts: Numbers of texts, shape (meetings,).
        buckets: Numbers of buckets from 0 on, shape (meetings,); each has two texts or more.
    """

    texts: NDArray[np.int64]
    buckets: NDArray[np.int64]


def meetings_of(rows: NDArray[np.void]) -> Meetings:
    """Buckets of all bands; texts are numbered as the rows are, of dtype `ROW`."""
    has_shingles = rows["shingle_count"] > 0
    texts, buckets = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    bucket_count = 0
    for number in range(BANDS):
        found = shared(rows["bands"][has_shingles, number])
        texts.append(np.flatnonzero(has_shingles)[found.texts])
        buckets.append(found.buckets + bucket_count)
        bucket_count += int(found.buckets.max(initial=-1)) + 1
    return Meetings(np.concatenate(texts), np.concatenate(buckets))


def shared(keys: NDArray[np.uint64]) -> Meetings:
    """Texts whose key another text has too."""
    order = np.argsort(keys)
    ordered = keys[order]
    is_same = ordered[1:] == ordered[:-1]
    is_shared = np.zeros(len(keys), dtype=bool)
    is_shared[1:] = is_same
    is_shared[:-1] |= is_same
    few = ordered[is_shared]
    is_first = np.append(True, few[1:] != few[:-1])[: len(few)]
    return Meetings(order[is_shared], np.cumsum(is_first) - 1)


class KeptTexts:
    """The kept texts of every bucket, filled while texts are looked at.

    Args:
        meetings: Texts are numbered by preference.
        text_count: Numbers are below it.
    """

    def __init__(self, meetings: Meetings, text_count: int) -> None:
        order = np.argsort(meetings.texts, kind="stable")
        self._buckets = array("q", meetings.buckets[order].tobytes())
        self._bounds = array("q", np.searchsorted(meetings.texts[order], np.arange(text_count + 1)).tobytes())
        places = np.minimum(np.bincount(meetings.buckets), BUCKET_KEPT)
        self._starts = array("q", np.append(0, np.cumsum(places)).tobytes())
        self._filled = array("q", bytes(8 * len(places)))
        self._kept = array("q", bytes(8 * int(places.sum())))

    def keep(self, number: int) -> None:
        """Put a text into its buckets, where there is room."""
        for bucket in self._buckets_of(number):
            at = self._starts[bucket] + self._filled[bucket]
            if at < self._starts[bucket + 1]:
                self._kept[at] = number
                self._filled[bucket] += 1

    def met(self, number: int) -> list[int]:
        """Kept texts that a text has to be compared with, the most promising first."""
        promise: defaultdict[int, float] = defaultdict(float)
        for bucket in self._buckets_of(number):
            start, filled = self._starts[bucket], self._filled[bucket]
            for kept in self._kept[start : start + filled]:
                promise[kept] += 1 / filled
        return sorted(promise, key=lambda kept: (-promise[kept], kept))[:MOST_COMPARED]

    def _buckets_of(self, number: int) -> "array[int]":
        return self._buckets[self._bounds[number] : self._bounds[number + 1]]
