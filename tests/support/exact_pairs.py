"""All pairs of texts that are 0.8 alike, found without hashing: sets of Python words, an argument about prefixes."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.support.plain_quality import Reading

THRESHOLD = 0.8
_SHINGLE_WORDS = 5
Shingles = frozenset[tuple[str, ...]]
Pairs = Sequence[tuple[int, int]]


def shingle_sets(texts: Sequence[str]) -> list[Shingles]:
    """5-word shingles of every text."""
    read = (Reading(text).words for text in texts)
    return [frozenset(zip(*(words[n:] for n in range(_SHINGLE_WORDS)), strict=False)) for words in read]


def is_similar(left: Shingles, right: Shingles) -> bool:
    """Whether they are at least 0.8 alike."""
    return bool(left) and len(left & right) / len(left | right) >= THRESHOLD


def exact_pairs(sets: Sequence[Shingles]) -> Pairs:
    """Every pair.

    Of two sets that are alike, each has a shingle of the other among its rarest (1 - 0.8) * size + 1.

    Source: Bayardo et al. 2007, https://doi.org/10.1145/1242572.1242591
    """
    often = Counter(shingle for each in sets for shingle in each)
    with_rare: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    pairs = []
    for number, own in enumerate(sets):
        rarest = sorted(own, key=lambda shingle: (often[shingle], shingle))
        met: set[int] = set()
        for shingle in rarest[: len(own) - math.ceil(THRESHOLD * len(own)) + 1]:
            met.update(with_rare[shingle])
            with_rare[shingle].append(number)
        pairs += [(other, number) for other in met if is_similar(sets[other], own)]
    return pairs
