"""Texts in the order of preference to stars: a kept text and the duplicates for which it stands."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.comparing import Comparer, jaccard
from backend.datasets.duplicates.meeting import KeptTexts
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


def stars_of(rows: NDArray[np.void], kept: KeptTexts, spool: BinaryIO, *, threshold: float) -> list[Star]:
    """All stars with rays.

    Args:
        rows: The most preferred text first.
        kept: Nobody yet.
        spool: Shingles of the rows.
        threshold: Least Jaccard similarity.
    """
    placing = _Placing(rows, kept, spool, threshold)
    rays: defaultdict[int, list[Ray]] = defaultdict(list)
    for number in range(len(rows)):
        found = placing.place(number)
        if found:
            centre, ray = found
            rays[centre].append(ray)
    return [Star(centre, found) for centre, found in rays.items()]


class _Placing:
    """Finds the kept text that a text duplicates, or keeps it; exact copies go before near ones."""

    def __init__(self, rows: NDArray[np.void], kept: KeptTexts, spool: BinaryIO, threshold: float) -> None:
        self._kept = kept
        self._comparer = Comparer(spool, rows)
        self._threshold = threshold
        self._bodies: list[bytes] = [body.tobytes() for body in rows["body"]]
        self._from: list[int] = rows["valid_from"].tolist()
        self._to: list[int] = rows["valid_to"].tolist()
        self._kept_by_body: defaultdict[bytes, list[int]] = defaultdict(list)

    def place(self, number: int) -> tuple[int, Ray] | None:
        copies = self._kept_by_body[self._bodies[number]]
        for copy in copies:
            if self._is_same_state(number, copy):
                return copy, Ray(number, 1.0, Kind.EXACT)
        if found := self._most_similar(number):
            return found[0], Ray(number, found[1], Kind.NEAR)
        copies.append(number)
        self._kept.keep(number)
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
