"""Runs of n words that come again, over all texts of a batch at once.

Words are compared by number where runs of the same words count, and by the fingerprint of their joined characters where
the rules join them without white space ("a bc" is "ab c" then).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.web_rules.batch import Batch
from backend.datasets.quality.web_rules.fingerprints import mixed, shifts, unshifts

# two words and one of 4,096 texts share a key of 64 bits
_ID_BITS = 26
_PLACE_BITS = 32
_SKETCH_BITS = 18


@dataclass(frozen=True, slots=True)
class _Groups:
    """Equal runs, in the order of their texts.

    Args:
        places: Where the runs begin, group by group.
        groups: Number of the group of each run.
        counts: Runs per group.
        firsts: First run of each group.
    """

    places: NDArray[np.int64]
    groups: NDArray[np.int64]
    counts: NDArray[np.int64]
    firsts: NDArray[np.int64]


def most_frequent_characters(batch: Batch, sizes: Sequence[int]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Per size, from 2 upwards without a gap: characters, inner spaces included, of all of the most frequent run.

    Of equally frequent runs the one that begins first counts.
    """
    texts = batch.texts
    ends = np.concatenate([[0], np.cumsum(batch.vocabulary.sizes[batch.ids])])
    places = np.flatnonzero(texts[1:] == texts[:-1])
    keys = (texts[places].astype(np.uint64) << np.uint64(_ID_BITS)) | batch.ids[places].astype(np.uint64)
    for size in sizes:
        keys = (keys << np.uint64(_ID_BITS)) | batch.ids[places + size - 1].astype(np.uint64)
        groups = _grouped(keys, places)
        firsts, counts = _best(batch, groups, texts, size)
        last = np.minimum(firsts + size, len(batch.ids))
        characters = counts * (ends[last] - ends[np.minimum(firsts, last)] + size - 1)
        yield size, characters
        # a longer run comes again only where its beginning does
        comes_again = groups.counts[groups.groups] > 1
        places, keys = groups.places[comes_again], groups.groups[comes_again].astype(np.uint64)
        is_inside = places + size < len(texts)
        is_inside[is_inside] = texts[places[is_inside]] == texts[places[is_inside] + size]
        places, keys = places[is_inside], keys[is_inside]


def repeated_characters(batch: Batch, limits: Sequence[tuple[int, float]]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Per size n: characters in runs of n words that came before, where runs that count do not overlap.

    Read from left to right, a run that was met before counts and is jumped over as a whole; one inside such a jump is
    not met. This is worked through only for texts in which all runs with an earlier equal one could exceed the limit;
    for others the figure is an upper bound that does not.

    Args:
        batch: Texts.
        limits: Sizes, and the share of characters that matters.
    """
    texts = batch.texts
    sizes = batch.vocabulary.sizes[batch.ids]
    ends = np.concatenate([[0], np.cumsum(sizes)])
    running = np.zeros(len(ends), np.uint64)
    np.cumsum(batch.vocabulary.fingerprints[batch.ids] * shifts(ends[:-1]), out=running[1:])
    back = unshifts(ends[:-1])
    # equal runs of other texts make no text suspicious
    salts = mixed(np.arange(len(batch.counts), dtype=np.uint64))[texts]
    for size, limit in limits:
        count = max(0, len(texts) - size + 1)
        prints = (running[size:] - running[:-size]) * back[:count] ^ salts[:count]
        places = np.flatnonzero(texts[:count] == texts[size - 1 :])
        groups = _comes_again(prints[places], places)
        yield size, _repeated(batch, groups, texts, ends, size, limit)


def _grouped(keys: NDArray[np.uint64], places: NDArray[np.int64]) -> _Groups:
    order = np.argsort(keys)
    keys, places = keys[order], places[order]
    is_new = np.ones(len(keys), bool)
    is_new[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(is_new)
    counts = np.diff(starts, append=len(keys))
    firsts = np.minimum.reduceat(places, starts) if len(starts) else starts
    return _Groups(places, np.cumsum(is_new) - 1, counts, firsts)


def _best(
    batch: Batch, groups: _Groups, texts: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Place and frequency of the most frequent run of each text; nothing where there is no run of that size."""
    highest = 1 << _PLACE_BITS
    # where none comes again it is the first run
    best = np.where(batch.counts >= size, 2 * highest - 1 - batch.starts, 0)
    matters = np.flatnonzero(groups.counts > 1)
    firsts = groups.firsts[matters]
    np.maximum.at(best, texts[firsts], (groups.counts[matters] + 1) * highest - 1 - firsts)
    return highest - 1 - best % highest, best // highest


def _comes_again(prints: NDArray[np.uint64], places: NDArray[np.int64]) -> _Groups:
    """Groups of the runs that have an equal one; few as a rule, so they are found by sorting values alone."""
    ordered = np.sort(prints)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    sketch = np.zeros(1 << _SKETCH_BITS, bool)
    sketch[repeated >> np.uint64(64 - _SKETCH_BITS)] = True
    could = sketch[prints >> np.uint64(64 - _SKETCH_BITS)]
    return _grouped(prints[could], places[could])


def _repeated(
    batch: Batch,
    groups: _Groups,
    texts: NDArray[np.int64],
    ends: NDArray[np.int64],
    size: int,
    limit: float,
) -> NDArray[np.int64]:
    order = np.argsort(groups.places)
    places, numbers = groups.places[order], groups.groups[order]
    again = places[places != groups.firsts[numbers]]
    # what two runs share is counted once
    begins = np.maximum(again, np.concatenate([[0], again[:-1] + size]) if len(again) else again)
    found = np.zeros(len(batch.counts), np.int64)
    np.add.at(found, texts[again], ends[again + size] - ends[begins])
    for text in np.flatnonzero(found > limit * batch.text_sizes - 1).tolist():
        first, last = np.searchsorted(places, [batch.starts[text], batch.starts[text] + batch.counts[text]])
        found[text] = _jumped(places[first:last].tolist(), numbers[first:last].tolist(), ends, size)
    return found


def _jumped(places: Sequence[int], numbers: Sequence[int], ends: NDArray[np.int64], size: int) -> int:
    met: set[int] = set()
    characters = free = 0
    for place, number in zip(places, numbers, strict=True):
        if place < free:
            continue
        if number in met:
            characters += int(ends[place + size] - ends[place])
            free = place + size
        met.add(number)
    return characters
