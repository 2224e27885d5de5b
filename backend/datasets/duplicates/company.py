"""Who has to be looked at together: groups of texts of which none shares a key with a text of another group.

So groups can be worked off one after the other, and memory holds one of them. A group has `GROUP_TEXTS` texts or
fewer, unless more of them hang together by their keys.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.key_spool import KeySpool
from backend.datasets.duplicates.meeting import shared

GROUP_TEXTS = 1 << 14


def groups_of(keys: KeySpool, text_count: int) -> Iterator[NDArray[np.int64]]:
    """All texts that share a key with another one, in groups; of each the numbers of its texts, rising.

    Memory: 5 bytes per text, and 30 bytes per text that shares a key.

    Args:
        keys: Of all texts.
        text_count: Numbers of texts are below it.
    """
    together = _Together(text_count)
    for part_keys, texts in keys.parts():
        found = shared(part_keys)
        if len(found.texts):
            together.join(texts[found.texts], found.buckets)
    yield from _cut(*together.ordered())


class _Together:
    """Which texts hang together, directly or by others: a forest in which each points to a smaller one, or itself.

    Source: Tarjan 1975, https://doi.org/10.1145/321879.321884, done for many texts at once.
    """

    def __init__(self, text_count: int) -> None:
        self._pointers = np.arange(text_count, dtype=np.uint32)
        self._is_met = np.zeros(text_count, dtype=bool)

    def join(self, texts: NDArray[np.uint32], buckets: NDArray[np.int64]) -> None:
        """Join all texts of each bucket.

        Args:
            texts: Numbers of texts, shape (meetings,).
            buckets: Numbers of their buckets, which do not fall, shape (meetings,).
        """
        self._is_met[texts] = True
        starts = np.flatnonzero(np.diff(buckets, prepend=-1))
        sizes = np.diff(starts, append=len(buckets))
        while True:
            roots = self._roots(texts)
            least = np.repeat(np.minimum.reduceat(roots, starts), sizes)
            if np.array_equal(roots, least):
                return
            # whom two buckets claim at once keeps the smaller one, and the next round joins both
            np.minimum.at(self._pointers, roots, least)

    def ordered(self) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Texts that met another one, those that hang together side by side, and the root of each."""
        texts = np.flatnonzero(self._is_met)
        roots = self._roots(texts)
        order = np.argsort(roots, kind="stable")
        return texts[order], roots[order]

    def _roots(self, texts: NDArray[np.uint32] | NDArray[np.int64]) -> NDArray[np.uint32]:
        roots = self._pointers[texts]
        while not np.array_equal(further := self._pointers[roots], roots):
            roots = further
        self._pointers[texts] = roots
        return roots


def _cut(texts: NDArray[np.int64], roots: NDArray[np.uint32]) -> Iterator[NDArray[np.int64]]:
    """Cut where another root begins, as seldom as possible."""
    starts = np.flatnonzero(np.diff(roots.astype(np.int64), prepend=-1))
    bounds = np.append(starts, len(texts))
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(bounds, bounds[first] + GROUP_TEXTS, side="right")) - 1)
        yield np.sort(texts[bounds[first] : bounds[last]])
        first = last
