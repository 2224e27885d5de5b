"""Phrases that come again and again (Gopher's repetition rules).

Shares are of letters and digits of words. The most frequent n-gram counts only if it occurs at least twice; for
duplicate n-grams every covered word counts once and first occurrences do not count.

Source: Rae et al. 2021, table A1, https://arxiv.org/abs/2112.11446
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

_MIN_WORDS = 50
_TOP = (2, 3, 4)
_DUPLICATE = (5, 6, 7, 8, 9, 10)


class RepeatedPhraseFilter(BaseFilter):
    """Top 2..4-grams and duplicate 5..10-grams."""

    name = "ngrams"
    signals = (*(f"top_{n}_gram" for n in _TOP), *(f"duplicate_{n}_grams" for n in _DUPLICATE))

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Shares of characters; nothing for texts under 50 words, where one heading would be all repetition."""
        if reading.word_count < _MIN_WORDS:
            return {}
        sizes = reading.word_sizes
        total = sum(sizes)
        signals = dict.fromkeys(self.signals, 0.0)
        for n, grams in _repeated(reading.words):
            if n in _TOP:
                signals[f"top_{n}_gram"] = _top_chars(grams, n, sizes) / total
            elif n in _DUPLICATE:
                signals[f"duplicate_{n}_grams"] = _covered_chars(grams, n, sizes) / total
        return signals


def _repeated(words: Sequence[str]) -> Iterator[tuple[int, dict[int, int]]]:
    """For n = 2, 3 … 10: position -> class of every n-gram that occurs twice or more, while there are any.

    An n-gram can only repeat where the two (n-1)-grams inside it do, so each round looks at few places.
    """
    numbers: dict[str, int] = {}
    classes = dict(enumerate(numbers.setdefault(word, len(numbers)) for word in words))
    for n in range(2, max(_DUPLICATE) + 1):
        follow = classes.get
        pairs = [(at, (gram, after)) for at, gram in classes.items() if (after := follow(at + 1)) is not None]
        counts = Counter(pair for _, pair in pairs)
        names: dict[tuple[int, int], int] = {}
        classes = {at: names.setdefault(pair, len(names)) for at, pair in pairs if counts[pair] > 1}
        if not classes:
            return
        yield n, classes


def _top_chars(grams: Mapping[int, int], n: int, sizes: Sequence[int]) -> int:
    """Characters of the most frequent n-gram (of several, the longest) times its occurrences."""
    counts = Counter(grams.values())
    most = max(counts.values())
    return most * max(sum(sizes[at : at + n]) for at, gram in grams.items() if counts[gram] == most)


def _covered_chars(grams: Mapping[int, int], n: int, sizes: Sequence[int]) -> int:
    seen: set[int] = set()
    covered = end = 0
    for at, gram in grams.items():
        if gram in seen:
            covered += sum(sizes[max(at, end) : at + n])
            end = at + n
        seen.add(gram)
    return covered
