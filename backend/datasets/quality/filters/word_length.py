"""Mean word length: German law has long words, letter soup and glued extraction have odd ones."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading


class WordLengthFilter(BaseFilter):
    """Both ends of the mean word length in characters."""

    name = "word_length"
    signals = ("mean_word_length",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Letters, digits and inner hyphens per word."""
        if not reading.words:
            return {}
        return {"mean_word_length": sum(map(len, reading.words)) / reading.word_count}
