"""Phrases that come again and again (Gopher's repetition rules).

Shares are of letters and digits of words. The most frequent n-gram counts only if it occurs at least twice; for
duplicate n-grams every covered word counts once and first occurrences do not count.

Source: Rae et al. 2021, table A1, https://arxiv.org/abs/2112.11446
"""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backend.datasets.quality.columns import TextColumns
    from backend.datasets.quality.columns.phrases import Phrases
    from backend.datasets.quality.columns.words import Words

_MIN_WORDS = 50
_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
_IN_A_ROW = "phrase_in_a_row"
_IN_A_ROW_WORDS = 5
# two numbers in one, so that one comparison is by the first and then by the second
_SECOND_BITS = 32
_SECOND = (1 << _SECOND_BITS) - 1


class RepeatedPhraseFilter(BaseFilter):
    """Top 2..4-grams, duplicate 5..10-grams, and what is said over and over without a pause."""

    name = "ngrams"
    version = 2
    signals = (*(f"top_{n}_gram" for n in _TOP), *(f"duplicate_{n}_grams" for n in _DUPLICATE), _IN_A_ROW)

    def measure(self, columns: "TextColumns") -> Signals:
        """Shares of characters, and how often the same words follow on themselves (1: not at all).

        Nothing for texts under 50 words, where one heading would be all repetition.
        """
        import numpy as np

        from backend.datasets.quality.columns.phrases import repeated_phrases

        words = columns.words
        is_long = words.counts >= _MIN_WORDS
        characters = np.where(is_long, words.total(words.sizes), np.nan)
        shares = [name for name in self.signals if name != _IN_A_ROW]
        repeated = dict.fromkeys(shares, np.zeros(len(columns.texts)))
        in_a_row = np.where(is_long, 1.0, np.nan)
        for n, phrases in repeated_phrases(words, is_long, longest=max(_DUPLICATE)):
            if n in _TOP:
                repeated[f"top_{n}_gram"] = _top_chars(phrases, words)
            elif n in _DUPLICATE:
                repeated[f"duplicate_{n}_grams"] = _covered_chars(phrases, words)
            if n == _IN_A_ROW_WORDS:
                np.maximum.at(in_a_row, words.text[phrases.places], phrases.times_in_a_row())
        return {**{name: chars / characters for name, chars in repeated.items()}, _IN_A_ROW: in_a_row}


def _top_chars(phrases: "Phrases", words: "Words") -> "NDArray[np.float64]":
    """Characters of the most frequent n-gram of each text (of several, the longest) times its occurrences."""
    import numpy as np

    sizes = words.sizes_before[phrases.first + phrases.n] - words.sizes_before[phrases.first]
    best = np.zeros(len(words.counts), np.int64)
    np.maximum.at(best, words.text[phrases.first], phrases.counts << _SECOND_BITS | sizes)
    return ((best >> _SECOND_BITS) * (best & _SECOND)).astype(float)


def _covered_chars(phrases: "Phrases", words: "Words") -> "NDArray[np.float64]":
    """Characters of words in occurrences that are not the first one; where two overlap, each word counts once."""
    import numpy as np

    ends = phrases.later + phrases.n
    starts = np.maximum(phrases.later, np.append(0, ends[:-1]))
    covered = words.sizes_before[ends] - words.sizes_before[starts]
    return np.bincount(words.text[phrases.later], covered, minlength=len(words.counts)).astype(float)
