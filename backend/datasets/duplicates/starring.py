"""Texts in the order of preference to stars: a kept text and the duplicates for which it stands."""

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.comparing import Comparer, jaccard
from backend.datasets.duplicates.meeting import KeptTexts, Meetings
from backend.datasets.duplicates.texts import Kind


@dataclass(frozen=True, slots=True)
class Ray:
    """A member of a star, as in `texts.Member`, by its number."""

    number: int
    jaccard: float
    kind: Kind


@dataclass(frozen=True, slots=True)
class Star:
    """A kept text and its duplicates, by their numbers."""

    centre: int
    rays: Sequence[Ray]


def stars_of(
    rows: NDArray[np.void], copies: Meetings, kept: KeptTexts, spool: BinaryIO, *, threshold: float
) -> list[Star]:
    """All stars with rays.

    Args:
        rows: The most preferred text first.
        copies: Who has the same body, up to its second half.
        kept: Nobody yet.
        spool: Shingles of the rows.
        threshold: Least Jaccard similarity.
    """
    placing = _Placing(rows, copies, kept, spool, threshold)
    rays: defaultdict[int, list[Ray]] = defaultdict(list)
    for number in range(len(rows)):
        found = placing.place(number)
        if found:
            centre, ray = found
            rays[centre].append(ray)
    return [Star(centre, found) for centre, found in rays.items()]


class _Placing:
    """Finds the kept text that a text duplicates, or keeps it; exact copies go before near ones."""

    def __init__(
        self, rows: NDArray[np.void], copies: Meetings, kept: KeptTexts, spool: BinaryIO, threshold: float
    ) -> None:
        self._kept = kept
        self._comparer = Comparer(spool, rows)
        self._threshold = threshold
        self._bodies = rows["body"]
        self._body_buckets = dict(zip(copies.texts.tolist(), copies.buckets.tolist(), strict=True))
        self._from = array("i", rows["valid_from"].tobytes())
        self._to = array("i", rows["valid_to"].tobytes())
        self._kept_by_body: defaultdict[int, list[int]] = defaultdict(list)

    def place(self, number: int) -> tuple[int, Ray] | None:
        copy = self._copied(number)
        if copy is not None:
            return copy, Ray(number, 1.0, Kind.EXACT)
        if found := self._most_similar(number):
            return found[0], Ray(number, found[1], Kind.NEAR)
        if number in self._body_buckets:
            self._kept_by_body[self._body_buckets[number]].append(number)
        self._kept.keep(number)
        return None

    def _copied(self, number: int) -> int | None:
        """The kept text of which this one is an exact copy."""
        bucket = self._body_buckets.get(number)
        for kept in self._kept_by_body[bucket] if bucket is not None else ():
            if self._is_same_state(number, kept) and (self._bodies[number] == self._bodies[kept]).all():
                return kept
        return None

    def _most_similar(self, number: int) -> tuple[int, float] | None:
        """The kept text with the highest similarity, the preferred one of several, if it is high enough."""
        met = [each for each in self._kept.met(number) if self._is_same_state(number, each)]
        if not met:
            return None
        own = self._comparer.shingles(number)
        found = [(jaccard(own, self._comparer.shingles(each)), -each) for each in met]
        similarity, negative = max(found)
        return (-negative, similarity) if similarity >= self._threshold else None

    def _is_same_state(self, left: int, right: int) -> bool:
        """Whether there is a day on which both are in force."""
        return self._from[left] <= self._to[right] and self._from[right] <= self._to[left]
