"""Variety of words: text that says the same thing over and over has little."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading


class VocabularyFilter(BaseFilter):
    """Type-token ratio, which falls with length by nature."""

    name = "vocabulary"
    signals = ("type_token_ratio",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Different words / words."""
        if not reading.words:
            return {}
        return {"type_token_ratio": len(set(reading.words)) / reading.word_count}
