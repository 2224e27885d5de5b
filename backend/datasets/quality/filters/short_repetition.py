"""The same words over and over in a short text, of which shares of repeated phrases say nothing.

A heading of three words would be all repetition to those; here the words have to follow on themselves.
"""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backend.datasets.quality.columns import TextColumns

_MIN_WORDS = 5
_MAX_WORDS = 49
# a phrase may be named three times in a row by an enumeration of cases, a sentence is not said twice
_TIMES = 3
_TIMES_OF_SENTENCE = 2
_SENTENCE_WORDS = 4
# words that differ, of all words: what says something three times over has fewer
_MOST_DIFFERENT = 0.75


class ShortRepetitionFilter(BaseFilter):
    """How much of a short text is said in one go again and again."""

    name = "short_repetition"
    signals = ("over_and_over",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Words of the longest stretch in which the same words follow on themselves, as a share of all words.

        They stand there three times at least, two times where they are four or more. Nothing for texts of less than 5
        words and of 50 or more, for which `RepeatedPhraseFilter` does the same.
        """
        import numpy as np

        words = columns.words
        counts = words.counts
        shares = np.where((counts >= _MIN_WORDS) & (counts <= _MAX_WORDS), 0.0, np.nan)
        different = words.count(words.groups.one_of_each)
        for text in np.flatnonzero((shares == 0) & (different <= _MOST_DIFFERENT * counts)).tolist():
            shares[text] = _share(words.hashes[words.first[text] : words.first[text + 1]])
        return {"over_and_over": shares}


def _share(words: "NDArray[np.uint64]") -> float:
    """Of the words of one text, shape (words,)."""
    longest = 0
    for period in range(1, len(words) // _TIMES_OF_SENTENCE + 1):
        times = _TIMES if period < _SENTENCE_WORDS else _TIMES_OF_SENTENCE
        stretch = period + _longest_run(words[period:] == words[:-period])
        if stretch >= times * period:
            longest = max(longest, stretch)
    return longest / len(words)


def _longest_run(flags: "NDArray[np.bool_]") -> int:
    """Most in a row that are true."""
    import numpy as np

    ends = np.flatnonzero(~np.append(flags, False))
    return int(np.diff(ends, prepend=-1).max()) - 1
