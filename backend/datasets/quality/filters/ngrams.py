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
    from backend.datasets.quality.columns.phrases import Phrases, Stretches
    from backend.datasets.quality.columns.words import Words

_MIN_WORDS = 50
_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)
_IN_A_ROW = "phrase_in_a_row"
_AT_ONCE = "said_again"
_STRETCH_WORDS = 5
# "2.2.3.2" and the crosses of a form say nothing over and over: three of them count as one
_LEAST_WORD_SIZE = 2
_SMALL_WORDS = 3
# of the words between the beginnings of a stretch and of its return, so many may be others: a heading or a number;
# where it is the text that comes again, also what comes again within it
_BETWEEN = 0.1
_BETWEEN_TEXTS = 0.3
_MOST_OF_TEXT = 1 / 3
# two numbers in one, so that one comparison is by the first and then by the second
_SECOND_BITS = 32
_SECOND = (1 << _SECOND_BITS) - 1


class RepeatedPhraseFilter(BaseFilter):
    """Top 2..4-grams, duplicate 5..10-grams, and what is said over and over without a pause."""

    name = "ngrams"
    version = 3
    signals = (*(f"top_{n}_gram" for n in _TOP), *(f"duplicate_{n}_grams" for n in _DUPLICATE), _IN_A_ROW, _AT_ONCE)

    def measure(self, columns: "TextColumns") -> Signals:
        """Shares of characters; how often the same words follow on themselves (1: not at all); share said again.

        The last one is of words in stretches that are followed, with next to nothing between, by the same words. Single
        letters and short numbers do not count as following on themselves.

        Nothing for texts under 50 words, where one heading would be all repetition.
        """
        import numpy as np

        from backend.datasets.quality.columns.phrases import repeated_phrases

        words = columns.words
        is_long = words.counts >= _MIN_WORDS
        characters = np.where(is_long, words.total(words.sizes), np.nan)
        shares = [name for name in self.signals if name not in (_IN_A_ROW, _AT_ONCE)]
        repeated = dict.fromkeys(shares, np.zeros(len(columns.texts)))
        in_a_row, at_once = np.where(is_long, 1.0, np.nan), np.where(is_long, 0.0, np.nan)
        for n, phrases in repeated_phrases(words, is_long, longest=max(_DUPLICATE)):
            if n in _TOP:
                repeated[f"top_{n}_gram"] = _top_chars(phrases, words)
            elif n in _DUPLICATE:
                repeated[f"duplicate_{n}_grams"] = _covered_chars(phrases, words)
            if n == _STRETCH_WORDS:
                stretches = phrases.stretches()
                np.maximum.at(in_a_row, words.text[stretches.starts], _times(stretches, words))
                at_once += _words_at_once(stretches, words) / np.maximum(words.counts, 1)
        return {
            **{name: chars / characters for name, chars in repeated.items()},
            _IN_A_ROW: in_a_row,
            _AT_ONCE: at_once,
        }


def _times(stretches: "Stretches", words: "Words") -> "NDArray[np.float64]":
    """How often what a stretch begins with stands there one after the other, parts counted."""
    import numpy as np

    ends = np.minimum(stretches.starts + stretches.periods, len(words.starts))
    sizes = words.sizes_before[ends] - words.sizes_before[stretches.starts]
    says_something = sizes >= _LEAST_WORD_SIZE * stretches.periods
    times = stretches.lengths / stretches.periods
    return 1.0 + np.where(says_something, times, times / _SMALL_WORDS)


def _words_at_once(stretches: "Stretches", words: "Words") -> "NDArray[np.float64]":
    """Words of each text in stretches that come again at once, shape (texts,)."""
    import numpy as np

    texts = words.text[stretches.starts]
    order = np.lexsort((stretches.starts, stretches.periods, texts))
    starts, lengths, periods = (each[order] for each in (stretches.starts, stretches.lengths, stretches.periods))
    texts = texts[order]
    # a stretch goes on behind a gap if what follows comes again as many words later
    goes_on = (np.diff(texts) == 0) & (np.diff(periods) == 0)
    between = np.where(periods >= _MOST_OF_TEXT * words.counts[texts], _BETWEEN_TEXTS, _BETWEEN) * periods
    goes_on &= starts[1:] - (starts + lengths)[:-1] <= between[1:]
    first = np.flatnonzero(np.append(True, ~goes_on))[: len(starts)]
    together = np.add.reduceat(lengths, first) if len(first) else lengths
    is_at_once = together >= (periods - between)[first]
    return np.bincount(texts[first][is_at_once], together[is_at_once], minlength=len(words.counts)).astype(float)


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
