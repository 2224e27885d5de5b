"""Phrases of n words that come more than once in a text."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.groups import grouped
from backend.datasets.quality.columns.words import Words

_NUMBER_BITS = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Phrases:
    """All n-grams that occur twice or more in their text.

    Args:
        n: Words in each.
        first: Word at which each different one begins for the first time, shape (phrases,).
        counts: How often each occurs, shape (phrases,).
        later: Words at which a further occurrence of any begins, ascending, shape (occurrences,).
        places: Words at which any occurrence begins, the first ones included, ascending.
        names: Which phrase begins at each of the places.
    """

    n: int
    first: NDArray[np.int64]
    counts: NDArray[np.int64]
    later: NDArray[np.int64]
    places: NDArray[np.int64]
    names: NDArray[np.int64]

    def times_in_a_row(self) -> NDArray[np.float64]:
        """How often what begins at each place stands there one after the other, parts counted, shape (occurrences,).

        Where every n-gram of a stretch comes again p words later, the stretch repeats p words.
        """
        order = np.argsort(self.names, kind="stable")
        distance = np.zeros(len(self.places), np.int64)
        steps = np.diff(self.places[order])
        distance[order[:-1]] = np.where(np.diff(self.names[order]) == 0, steps, 0)
        goes_on = (np.diff(self.places) == 1) & (np.diff(distance) == 0)
        starts = np.flatnonzero(np.append(True, ~goes_on))
        lengths = np.diff(np.append(starts, len(self.places)))
        period = distance[starts]
        times = np.ones(len(self.places))
        times[starts] += np.where(period > 0, (lengths + self.n - 1) / np.maximum(period, 1), 0.0)
        return times


def repeated_phrases(words: Words, where: NDArray[np.bool_], *, longest: int) -> Iterator[tuple[int, Phrases]]:
    """For n = 2, 3 … `longest`: the repeated n-grams of all texts at once, while there are any.

    An n-gram can only repeat where the two (n-1)-grams inside it do, so each round looks at fewer places. None reaches
    from one text into the next: what stands at that seam would have to stand at another seam of the same two texts.

    Args:
        words: Of the texts.
        where: Words to look at, shape (words,).
        longest: Largest n.
    """
    groups = words.groups
    places = np.flatnonzero(where & (groups.counts > 1)[groups.of])
    names = groups.of[places]
    for n in range(2, longest + 1):
        has_next = places[1:] == places[:-1] + 1
        pairs = names[:-1][has_next].astype(np.uint64) << _NUMBER_BITS | names[1:][has_next].astype(np.uint64)
        places = places[:-1][has_next]
        groups = grouped(pairs)
        is_repeated = groups.counts > 1
        first = places[groups.first[is_repeated]]
        if not len(first):
            return
        later = places[groups.is_later]
        keep = is_repeated[groups.of]
        places, names = places[keep], groups.of[keep]
        yield n, Phrases(n, first, groups.counts[is_repeated], later, places, names)
