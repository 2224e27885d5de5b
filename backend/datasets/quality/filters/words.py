"""Length in words: a stub teaches nothing."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading


class WordCountFilter(BaseFilter):
    """Rejects stubs; short sections cost something and are better merged with a neighbour."""

    name = "words"
    precedence = 10
    limits = (Limit.at_least("words", soft=20, hard=5, reason="stub"),)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Number of words."""
        return {"words": reading.word_count}
