"""Which texts of later splits have a near twin in an earlier one: every such pair is found, in bounded memory.

MinHash would miss one pair in thirteen at a similarity of 0.8, and a measure that looks at every pair would then not
be 0. Here nothing is left to chance: a text of an earlier split can only be a twin if nearly all of its shingles stand
in later splits at all. Few do; those are kept, and compared with all texts of later splits, as many of these at once
as fit into memory.

Three sets of shingles are compared of every text: of all its words, of those without its title, and of those without
its headings either, since a paragraph is a twin of itself under another title and another heading too. Words too few
for a shingle are one of their own: of equal texts, however short, none is overlooked.

Source: the bound |x ∩ y| >= t |x| for J(x, y) >= t is that of Bayardo et al. 2007,
https://doi.org/10.1145/1242572.1242591
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from backend.datasets.duplicates.collecting import SHINGLE_WORDS
from backend.datasets.duplicates.ngrams import ngrams_of
from backend.datasets.duplicates.words import words_of

BLOCK_SHINGLES = 1 << 20
"""Shingles of later splits that are in memory at once, 20 bytes each."""

_BATCH_CHARACTERS = 1 << 18
_BATCH_TEXTS = 1 << 10
_HASH_BITS = 52  # the bits above hold the number of a text in its batch
_MASK = np.uint64((1 << _HASH_BITS) - 1)
_FILTER_BITS = 27  # 16 MiB; where it is full nothing is missed, more has to be compared
_DEPTHS = range(3)
_DEPTH_BITS = np.uint64(3)


@dataclass(frozen=True, slots=True)
class SplitText:
    """A text in pieces.

    Args:
        rank: Of its split, 0 for the first; twins matter to the later one.
        pieces: Each with its depth: 0 a title, 1 headings, 2 the body; no word goes over two of them.
    """

    rank: int
    pieces: Sequence[tuple[str, int]]


class SplitTwins:
    """First takes what later splits hold, then sees what earlier ones do.

    Args:
        open_file: Gives a new empty file that can be read and written; called twice.
        similarity: Least Jaccard similarity of twins, above 0.5.
    """

    def __init__(self, open_file: Callable[[], BinaryIO], *, similarity: float) -> None:
        self._similarity = similarity
        self._held = _Sets(open_file())
        self._seen = _Sets(open_file())
        self._filter = np.zeros(1 << (_FILTER_BITS - 3), dtype=np.uint8)
        self._waiting: list[SplitText] = []
        self._waiting_characters = 0
        self._held_count = 0

    def close(self) -> None:
        """Close the files."""
        self._held.close()
        self._seen.close()

    def hold(self, texts: Iterable[SplitText]) -> int:
        """Take texts of later splits, before any is seen; they are numbered from 0 on. Returns how many came."""
        before = self._held_count
        for batch in _batches(texts):
            for sets in _sets_of(batch):
                self._mark(sets.shingles)
                self._held.append(sets, np.arange(len(batch)) + self._held_count)
            self._held_count += len(batch)
        return self._held_count - before

    def see(self, text: SplitText) -> None:
        """Take a text that stands in an earlier split than some that are held."""
        self._waiting.append(text)
        self._waiting_characters += sum(len(piece) for piece, _ in text.pieces)
        if self._waiting_characters >= _BATCH_CHARACTERS or len(self._waiting) >= _BATCH_TEXTS:
            self._look()

    def found(self) -> set[int]:
        """Numbers of held texts that have a twin of a lower rank among all that was seen since the last call."""
        self._look()
        twins: set[int] = set()
        for block in self._held.blocks(BLOCK_SHINGLES):
            index = _Index(block)
            for seen in self._seen.blocks(BLOCK_SHINGLES):
                twins.update(index.twins_of(seen, self._similarity))
        self._seen.empty()
        return twins

    def _look(self) -> None:
        if not self._waiting:
            return
        for sets in _sets_of(self._waiting):
            self._seen.append(self._promising(sets))
        self._waiting, self._waiting_characters = [], 0

    def _promising(self, sets: "_Batch") -> "_Batch":
        """Those of which enough shingles are held by anybody."""
        places = sets.shingles & np.uint64((1 << _FILTER_BITS) - 1)
        is_held = (self._filter[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8)) & 1
        before = np.append(0, np.cumsum(is_held, dtype=np.int64))
        ends = np.cumsum(sets.counts)
        held = before[ends] - before[ends - sets.counts]
        is_promising = (held >= self._similarity * sets.counts) & (sets.counts > 0)
        return _Batch(
            sets.shingles[np.repeat(is_promising, sets.counts)], sets.counts[is_promising], sets.ranks[is_promising]
        )

    def _mark(self, shingles: NDArray[np.uint64]) -> None:
        places = shingles & np.uint64((1 << _FILTER_BITS) - 1)
        bits = np.left_shift(np.uint8(1), (places & np.uint64(7)).astype(np.uint8))
        np.bitwise_or.at(self._filter, places >> np.uint64(3), bits)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Sets of shingles, each ascending, one after the other.

    Args:
        shingles: 52 bits each, the lowest two say of which depth on, shape (shingles,).
        counts: Per set, shape (sets,).
        ranks: Of the split of each, shape (sets,).
        owners: Numbers of the held texts, shape (sets,); empty for those that are seen.
    """

    shingles: NDArray[np.uint64]
    counts: NDArray[np.int64]
    ranks: NDArray[np.int64]
    owners: NDArray[np.int64] | None = None


class _Sets:
    """Sets in a file; 20 bytes of each stay in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._counts, self._ranks, self._owners = array("q"), array("b"), array("q")

    def append(self, sets: _Batch, owners: NDArray[np.int64] | None = None) -> None:
        self._file.seek(0, 2)
        self._file.write(sets.shingles.tobytes())
        self._counts.frombytes(sets.counts.astype(np.int64).tobytes())
        self._ranks.frombytes(sets.ranks.astype(np.int8).tobytes())
        if owners is not None:
            self._owners.frombytes(owners.astype(np.int64).tobytes())

    def blocks(self, most: int) -> Iterator[_Batch]:
        """All sets in their order, in groups of about so many shingles."""
        counts, ranks = np.array(self._counts), np.array(self._ranks, dtype=np.int64)
        owners = np.array(self._owners)
        group = np.cumsum(counts) // most
        self._file.seek(0)
        for number in np.unique(group).tolist():
            chosen = group == number
            size = int(counts[chosen].sum())
            shingles = np.frombuffer(self._file.read(8 * size), dtype="<u8")
            yield _Batch(shingles, counts[chosen], ranks[chosen], owners[chosen] if len(owners) else None)

    def empty(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._counts, self._ranks, self._owners = array("q"), array("b"), array("q")

    def close(self) -> None:
        self._file.close()


class _Index:
    """Held sets of one block by their shingles."""

    def __init__(self, block: _Batch) -> None:
        order = np.argsort(block.shingles, kind="stable")
        ordered = block.shingles[order]
        is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
        # each shingle once, with where its sets begin and how many they are
        self._keys = ordered[is_first]
        self._starts = np.flatnonzero(is_first).astype(np.int32)
        self._sizes = np.diff(self._starts, append=np.int32(len(ordered)))
        self._sets = np.repeat(np.arange(len(block.counts), dtype=np.int32), block.counts)[order]
        self._block = block

    def twins_of(self, seen: _Batch, similarity: float) -> Iterator[int]:
        """Numbers of held texts that are twins of some of the seen sets."""
        assert self._block.owners is not None  # noqa: S101 - what is held has numbers
        starts, sizes = self._held_by(seen.shingles)
        first = 0
        for count, rank in zip(seen.counts.tolist(), seen.ranks.tolist(), strict=True):
            own = slice(first, first + count)
            first += count
            met = self._sets[_ranges(starts[own], sizes[own])]
            common = np.bincount(met, minlength=len(self._block.counts))
            is_twin = (common >= similarity * (self._block.counts + count - common)) & (self._block.ranks > rank)
            yield from self._block.owners[is_twin].tolist()

    def _held_by(self, shingles: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the sets of each shingle begin and how many they are; both of shape (shingles,)."""
        if not len(self._keys):
            return np.zeros(len(shingles), dtype=np.int64), np.zeros(len(shingles), dtype=np.int64)
        places = np.searchsorted(self._keys, shingles)
        places[places == len(self._keys)] = 0
        sizes = np.where(self._keys[places] == shingles, self._sizes[places], 0)
        return self._starts[places].astype(np.int64), sizes.astype(np.int64)


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of many ranges, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - sizes), sizes) + np.arange(total)


def _batches(texts: Iterable[SplitText]) -> Iterator[list[SplitText]]:
    batch: list[SplitText] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += sum(len(piece) for piece, _ in text.pieces)
        if size >= _BATCH_CHARACTERS or len(batch) >= _BATCH_TEXTS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _sets_of(batch: Sequence[SplitText]) -> Iterator[_Batch]:
    """The sets of all words, then those without titles, then those of the bodies alone."""
    words = words_of([piece.lower() for text in batch for piece, _ in text.pieces])
    depths = np.array([depth for text in batch for _, depth in text.pieces], dtype=np.int64)
    owner = np.repeat(np.arange(len(batch)), [len(text.pieces) for text in batch])
    ranks = np.array([text.rank for text in batch], dtype=np.int64)
    for least in _DEPTHS:
        chosen = depths >= least
        counts = np.bincount(owner[chosen], weights=words.counts[chosen], minlength=len(batch)).astype(np.int64)
        hashes = words.hashes[np.repeat(chosen, words.counts)]
        yield _distinct(*ngrams_of(*_filled_up(hashes, counts), SHINGLE_WORDS), np.uint64(least), ranks)


def _filled_up(hashes: NDArray[np.uint64], counts: NDArray[np.int64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The same words, behind those of each text that is shorter than a shingle as many empty ones as it lacks."""
    lacking = np.where((counts > 0) & (counts < SHINGLE_WORDS), SHINGLE_WORDS - counts, 0)
    if not lacking.any():
        return hashes, counts
    return np.insert(hashes, np.repeat(np.cumsum(counts), lacking), np.uint64(0)), counts + lacking


def _distinct(
    shingles: NDArray[np.uint64], counts: NDArray[np.int64], depth: np.uint64, ranks: NDArray[np.int64]
) -> _Batch:
    """Each shingle of a text once, ascending."""
    numbers = np.repeat(np.arange(len(counts), dtype=np.uint64), counts)
    keys = numbers << np.uint64(_HASH_BITS) | (shingles & _MASK & ~_DEPTH_BITS) | depth
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    found = np.bincount((keys >> np.uint64(_HASH_BITS)).astype(np.int64), minlength=len(counts))
    return _Batch(keys & _MASK, found, ranks)
