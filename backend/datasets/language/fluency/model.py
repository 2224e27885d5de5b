"""Signals of texts against the words and pairs of words of a corpus; many texts at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from backend.datasets.language.fluency.counting import Counted
from backend.datasets.language.fluency.limits import FluencyLimit
from backend.datasets.language.fluency.pairs import PairTable
from backend.datasets.language.fluency.smoothing import smoothed
from backend.datasets.language.fluency.vocabulary import Vocabulary
from backend.datasets.language.fluency.words import (
    BEFORE_FIRST,
    COMPOUND,
    DAMAGED,
    FIRST_WORD,
    NUMBER,
    START,
    UNKNOWN,
    words_of,
)

MIN_WORDS = 20
"""Shorter texts have no signals."""
_LEAST_PAIRS = 6
_LEAST_JUDGED = 0.1
_LEAST_PIECE_COUNT = 3
_BATCH_CHARS = 1 << 20
_BITS = np.uint64(32)


class FluencySignals(NamedTuple):
    """Signals of texts, each of shape (texts,), float64; NaN for texts of less than `MIN_WORDS` words.

    Args:
        words: How many words a text has, numbers included; never NaN.
        out_of_vocabulary: Words that are neither known nor made of known ones, as a share of all but numbers and single
            letters.
        damaged_words: Different ones of them that lie one letter beside a frequent word; the same denominator. What is
            damaged is rarely damaged twice in the same way, while a strange name comes again. NaN where the denominator
            is less than a tenth of all words: beside the figures of a table one abbreviation would be a large share.
        bits_per_word: Mean of -log2 p(word | the word before).
        order_gain: Mean of log2 p(word | the word before) - log2 p(word), over pairs of known words, numbers left out:
            what the order tells. Around 3 bits in prose, below 0 where words stand in any order; NaN for less than 6
            such pairs.
    """

    words: NDArray[np.int64]
    out_of_vocabulary: NDArray[np.float64]
    damaged_words: NDArray[np.float64]
    bits_per_word: NDArray[np.float64]
    order_gain: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FluencyArrays:
    """What a model is made of; see `smoothing` and `pairs`.

    Args:
        words: Known words, the most frequent first.
        pieces: How many of them, from the first, may be pieces of compounds.
        alone: Shape (words + FIRST_WORD,), float32.
        free: Shape (words + FIRST_WORD,), float32.
        table: Of kept pairs.
    """

    words: Sequence[str]
    pieces: int
    alone: NDArray[np.float32]
    free: NDArray[np.float32]
    table: PairTable

    @classmethod
    def of(cls, counted: Counted) -> Self:
        """Of counts of a corpus."""
        probabilities = smoothed(counted)
        pieces = int(np.searchsorted(-counted.counts, -_LEAST_PIECE_COUNT, side="right"))
        table = PairTable.of(probabilities.keys, probabilities.together)
        return cls(counted.words, pieces, probabilities.alone, probabilities.free, table)


class FluencyModel:
    """Judges texts; not to be shared between threads.

    Args:
        arrays: What it is made of.
        limits: Where its signals cost and reject.
        trained_words: Words of the corpus that it was made of.
        language: Of the corpus.
    """

    def __init__(
        self, arrays: FluencyArrays, limits: Sequence[FluencyLimit], trained_words: int, language: str = "de"
    ) -> None:
        self.arrays = arrays
        self.limits = tuple(limits)
        self.trained_words = trained_words
        self.language = language
        self._vocabulary = Vocabulary(arrays.words, arrays.pieces)
        self._is_judged = np.ones(FIRST_WORD + len(arrays.words), dtype=bool)
        self._is_judged[[NUMBER, START]] = False
        self._is_judged[FIRST_WORD:] = np.fromiter(map(len, arrays.words), dtype=np.int64, count=len(arrays.words)) > 1

    @classmethod
    def of(cls, counted: Counted, limits: Sequence[FluencyLimit] = (), language: str = "de") -> Self:
        """A model of counts of a corpus."""
        return cls(FluencyArrays.of(counted), limits, int(counted.pairs.counts.sum()), language)

    def signals_of(self, texts: Sequence[str]) -> FluencySignals:
        """Signals of normalised texts."""
        batches = [self._signals(batch) for batch in _batches(texts)]
        if not batches:
            return self._signals(())
        return FluencySignals(*(np.concatenate(columns) for columns in zip(*batches, strict=True)))

    def _signals(self, texts: Sequence[str]) -> FluencySignals:
        tokens, starts = _tokens(texts)
        numbers = np.fromiter(map(self._vocabulary.__getitem__, tokens), dtype=np.int32, count=len(tokens))
        words = np.diff(np.append(starts, len(numbers))) - 1
        if not len(texts):
            return FluencySignals(words, *(np.zeros(0) for _ in FluencySignals._fields[1:]))
        together, alone = self._log_probabilities(numbers)
        judged = _sums(self._is_judged[numbers], starts)
        unknown = _sums((numbers == UNKNOWN) | (numbers == DAMAGED), starts)
        damaged = _different(np.flatnonzero(numbers == DAMAGED), tokens, starts)
        is_short = words < MIN_WORDS
        with np.errstate(divide="ignore", invalid="ignore"):
            damage = np.where(judged < _LEAST_JUDGED * words, np.nan, damaged / judged)
            columns = (unknown / judged, damage, -_sums(together, starts) / words)
            gain = _order_gain(numbers, together - alone, starts)
        return FluencySignals(words, *(np.where(is_short, np.nan, each) for each in (*columns, gain)))

    def _log_probabilities(self, numbers: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Of every word after the one before it, and by itself; 0 for `START`."""
        known = np.where(numbers < NUMBER, COMPOUND, numbers).astype(np.uint64)
        alone = self.arrays.alone[known]
        together = alone.copy()
        together[1:] += self.arrays.free[known[:-1]]
        self.arrays.table.replace_known(known[:-1] << _BITS | known[1:], together[1:])
        is_start = numbers == START
        together[is_start] = alone[is_start] = 0
        return together, alone


def _tokens(texts: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """Words of all texts, `BEFORE_FIRST` before each text, and where texts begin."""
    tokens: list[str] = []
    starts = np.zeros(len(texts), dtype=np.int64)
    for place, text in enumerate(texts):
        starts[place] = len(tokens)
        tokens.append(BEFORE_FIRST)
        tokens += words_of(text)
    return tokens, starts


def _order_gain(
    numbers: NDArray[np.int32], gains: NDArray[np.float32], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    is_pair = numbers >= START
    is_pair[1:] &= is_pair[:-1]
    is_pair &= numbers != START
    pairs = _sums(is_pair, starts)
    return np.where(pairs < _LEAST_PAIRS, np.nan, _sums(gains * is_pair, starts) / pairs)


def _different(places: NDArray[np.int64], tokens: Sequence[str], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many different words stand at these places, per text."""
    texts = np.searchsorted(starts, places, side="right") - 1
    pairs = set(zip(texts.tolist(), map(tokens.__getitem__, places.tolist()), strict=True))
    return np.bincount(np.array([text for text, _ in pairs], dtype=np.int64), minlength=len(starts))


def _sums(values: NDArray[np.bool] | NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Per text."""
    return np.add.reduceat(values, starts, dtype=np.float64)


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    start = chars = 0
    for place, text in enumerate(texts):
        chars += len(text)
        if chars >= _BATCH_CHARS:
            yield texts[start : place + 1]
            start, chars = place + 1, 0
    if start < len(texts):
        yield texts[start:]
