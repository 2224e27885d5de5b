"""A hash table of pairs in two arrays, asked for millions of pairs at once.

Open addressing with linear probing. A slot keeps 32 bits of a pair's hash, not the pair: one unseen pair in some
billions is taken for another, which moves no signal.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

_EMPTY = np.uint32(0)
_MAX_LOAD = 0.5
_LEAST_BITS = 4


class PairTable(NamedTuple):
    """Values of pairs.

    Args:
        marks: Shape (slots,), uint32; slots are a power of two; 0 for an empty one.
        values: Shape (slots,), float16.
    """

    marks: NDArray[np.uint32]
    values: NDArray[np.float16]

    @classmethod
    def of(cls, keys: NDArray[np.uint64], values: NDArray[np.float16]) -> Self:
        """A table of different keys; equal for equal keys in equal order."""
        bits = max(_LEAST_BITS, int(np.ceil(np.log2(max(len(keys), 1) / _MAX_LOAD))))
        table = cls(np.zeros(1 << bits, dtype=np.uint32), np.zeros(1 << bits, dtype=np.float16))
        slots, marks = table._hashed(keys)
        waiting = np.arange(len(keys))
        while len(waiting):
            # of those that want the same empty slot, the first gets it
            wanted, first = np.unique(slots[waiting], return_index=True)
            first = waiting[first[table.marks[wanted] == _EMPTY]]
            table.marks[slots[first]], table.values[slots[first]] = marks[first], values[first]
            is_placed = np.zeros(len(keys), dtype=bool)
            is_placed[first] = True
            waiting = waiting[~is_placed[waiting]]
            slots[waiting] = (slots[waiting] + 1) & (len(table.marks) - 1)
        return table

    def replace_known(self, keys: NDArray[np.uint64], values: NDArray[np.float32]) -> None:
        """Overwrite `values` where the table has the key of the same place; both of shape (asked,)."""
        slots, marks = self._hashed(keys)
        found = self.marks[slots]
        hits = np.flatnonzero(found == marks)
        values[hits] = self.values[slots[hits]]
        asked = np.flatnonzero((found != marks) & (found != _EMPTY))
        while len(asked):
            slots[asked] = (slots[asked] + 1) & (len(self.marks) - 1)
            found = self.marks[slots[asked]]
            is_hit = found == marks[asked]
            values[asked[is_hit]] = self.values[slots[asked[is_hit]]]
            asked = asked[~is_hit & (found != _EMPTY)]

    def _hashed(self, keys: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """First slots and marks of keys."""
        mixed = (keys ^ keys >> np.uint64(29)) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(32)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        slots = (mixed >> np.uint64(32)).astype(np.int64) & (len(self.marks) - 1)
        return slots, (mixed & np.uint64(0xFFFFFFFF)).astype(np.uint32) | np.uint32(1)
