"""Length in words: a stub teaches nothing."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading


class WordCountFilter(BaseFilter):
    """How long a text is."""

    name = "words"
    signals = ("words",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Number of words."""
        return {"words": reading.word_count}
