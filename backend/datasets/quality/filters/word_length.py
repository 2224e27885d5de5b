"""Mean word length: German law has long words, letter soup and glued extraction have odd ones."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading


class WordLengthFilter(BaseFilter):
    """Both ends of the mean word length in characters."""

    name = "word_length"
    limits = (
        Limit.at_least("mean_word_length", soft=4.6, hard=3.5, reason="short_words"),
        Limit.at_most("mean_word_length", soft=8.3, hard=11.0, reason="long_words", min_words=20),
    )

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Letters, digits and inner hyphens per word."""
        if not reading.words:
            return {}
        return {"mean_word_length": sum(map(len, reading.words)) / reading.word_count}
