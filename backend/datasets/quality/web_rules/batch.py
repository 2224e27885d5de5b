"""Texts of a batch as one row of token numbers: what the rules about words are computed on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from backend.datasets.quality.web_rules.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens of several texts, one after the other.

    Args:
        vocabulary: What is known about the tokens.
        ids: Numbers of the tokens, shape (tokens,).
        counts: Tokens per text, shape (texts,).
        text_sizes: Characters per text, white space included, shape (texts,).
    """

    vocabulary: Vocabulary
    ids: NDArray[np.int64]
    counts: NDArray[np.int64]
    text_sizes: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Place of the first token of every text."""
        return np.cumsum(self.counts) - self.counts

    @property
    def texts(self) -> NDArray[np.int64]:
        """Which text a token is from, shape (tokens,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def only(self, is_wanted: NDArray[np.bool_]) -> "Batch":
        """The batch of the wanted texts alone."""
        if is_wanted.all():
            return self
        ids = self.ids[np.repeat(is_wanted, self.counts)]
        return Batch(self.vocabulary, ids, self.counts[is_wanted], self.text_sizes[is_wanted])

    def sums(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Sum per text of a value per token."""
        running = np.concatenate([[0], np.cumsum(values)])
        sums: NDArray[np.int64] = running[self.starts + self.counts] - running[self.starts]
        return sums


def batch_of(texts: Sequence[str], vocabulary: Vocabulary) -> Batch:
    """The tokens of texts; new ones are added to the vocabulary."""
    pieces = [text.split() for text in texts]
    piece_counts = np.fromiter(map(len, pieces), np.int64, len(pieces))
    ids, sizes = vocabulary.tokens(chain.from_iterable(pieces), int(piece_counts.sum()))
    running = np.concatenate([[0], np.cumsum(sizes)])
    ends = np.cumsum(piece_counts)
    counts = running[ends] - running[ends - piece_counts]
    return Batch(vocabulary, ids, counts, np.fromiter(map(len, texts), np.int64, len(texts)))
