"""Variety of words: text that says the same thing over and over has little."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading


class VocabularyFilter(BaseFilter):
    """Type-token ratio, which falls with length by nature: very long texts are not judged."""

    name = "vocabulary"
    limits = (
        Limit.at_least("type_token_ratio", soft=0.26, hard=0.15, reason="little_variety", min_words=50, max_words=2999),
    )

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Different words / words."""
        if not reading.words:
            return {}
        return {"type_token_ratio": len(set(reading.words)) / reading.word_count}
