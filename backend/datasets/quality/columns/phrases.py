"""Phrases of n words that come more than once in a text."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.groups import Groups
from backend.datasets.quality.columns.words import Words

_NUMBER_BITS = 32


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

    def stretches(self) -> "Stretches":
        """What comes again word for word, as long as it may be.

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
        comes_again = period > 0
        return Stretches(self.places[starts[comes_again]], (lengths + self.n - 1)[comes_again], period[comes_again])


@dataclass(frozen=True, slots=True)
class Stretches:
    """Words that come again in their text, each of shape (stretches,).

    Args:
        starts: First word.
        lengths: How many words.
        periods: How many words later they come again; less than `lengths` where something stands there many times.
    """

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    periods: NDArray[np.int64]


def repeated_phrases(words: Words, of_texts: NDArray[np.bool_], *, longest: int) -> Iterator[tuple[int, Phrases]]:
    """For n = 2, 3 … `longest`: the repeated n-grams of all texts at once, while there are any.

    An n-gram can only repeat where the two (n-1)-grams inside it do, so each round looks at fewer places. None reaches
    from one text into the next: what stands at that seam would have to stand at another seam of the same two texts.

    Args:
        words: Of the texts.
        of_texts: Which texts to look at, shape (texts,).
        longest: Largest n.
    """
    repeated = words.groups.repeated
    is_looked_at = of_texts[words.text[repeated.places]]
    places, names = repeated.places[is_looked_at], repeated.groups[is_looked_at]
    for n in range(2, longest + 1):
        has_next = np.flatnonzero(np.diff(places) == 1)
        repeated = Groups(names[has_next] << _NUMBER_BITS | names[has_next + 1]).repeated
        if not len(repeated.places):
            return
        begins = places[has_next]
        places, names = begins[repeated.places], repeated.groups
        yield n, Phrases(n, begins[repeated.first], repeated.counts, begins[repeated.later], places, names)
