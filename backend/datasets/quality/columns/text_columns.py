"""What filters are given: a batch of texts, and every count that more than one of them asks for."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.columns.characters import Characters, runs
from backend.datasets.quality.columns.lines import Lines
from backend.datasets.quality.columns.words import Words
from backend.datasets.quality.kinds import Kind
from backend.datasets.quality.references import LONGEST, MOST_LETTERS, WORDS_PER_NUMBER, is_reference

# small letters of these are another number of characters, or depend on their neighbours
_LOWERED_IN_CONTEXT = ("İ", "Σ")


class TextColumns:
    """Normalised texts; everything is computed on first use.

    Args:
        texts: Normalised texts (`normalise`), as many as `batched` gives: memory is 25 to 100 bytes per character.
        originals: The same with their marks of layout; the texts themselves if absent.
    """

    def __init__(self, texts: Sequence[str], originals: Sequence[str] | None = None) -> None:
        self.texts = texts
        self.originals = texts if originals is None else originals
        self.characters = Characters(texts)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Characters per text, shape (texts,)."""
        return self.characters.lengths

    @cached_property
    def words(self) -> Words:
        """Words of the lower-cased texts."""
        if any(letter in self.characters.joined for letter in _LOWERED_IN_CONTEXT):
            return Words(Characters([text.lower() for text in self.texts]))
        return Words(self.characters)

    @property
    def word_counts(self) -> NDArray[np.int64]:
        """Words per text, shape (texts,)."""
        return self.words.counts

    @cached_property
    def tokens(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where each piece between white space begins and ends, shapes (tokens,)."""
        return runs(~self.characters.marks(Kind.SPACE))

    @cached_property
    def lines(self) -> Lines:
        """Lines that mean something."""
        return Lines(self.characters)

    @cached_property
    def are_references(self) -> NDArray[np.bool_]:
        """Which texts cite and say nothing else (`references`), shape (texts,)."""
        words = self.words
        may_be = (words.counts <= LONGEST) & (words.total(words.lengths) <= MOST_LETTERS * words.counts)
        may_be &= words.total(words.are_numbers) * WORDS_PER_NUMBER >= words.counts
        found = np.zeros(len(self.texts), np.bool_)
        for text in np.flatnonzero(may_be).tolist():
            found[text] = is_reference(self.texts[text], int(words.counts[text]))
        return found

    def of_prose(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The values, NaN for references: what is usual in prose says nothing of them, shape (texts,)."""
        return np.where(self.are_references, np.nan, values)

    def running_count(self, kind: Kind) -> NDArray[np.int32]:
        """Characters of a kind in `characters.joined` up to and with each place in it."""
        return np.cumsum(self.characters.marks(kind), dtype=np.int32)

    def count(self, kind: Kind) -> NDArray[np.int64]:
        """Characters of a kind per text, shape (texts,)."""
        return self.characters.count(self.characters.marks(kind))

    def count_places(self, places: NDArray[np.int64] | Sequence[int]) -> NDArray[np.int64]:
        """How many of the places, given in characters of `characters.joined`, lie in each text, shape (texts,)."""
        return np.diff(np.searchsorted(places, self.characters.edges))

    @staticmethod
    def share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
        """Quotient per text, shape (texts,); NaN where there is no whole, and so no part of it."""
        with np.errstate(invalid="ignore"):
            return part / whole
