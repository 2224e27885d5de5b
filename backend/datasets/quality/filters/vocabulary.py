"""Variety of words: text that says the same thing over and over has little."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class VocabularyFilter(BaseFilter):
    """Type-token ratio, which falls with length by nature."""

    name = "vocabulary"
    signals = ("type_token_ratio",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Different words / words."""
        words = columns.words
        return {"type_token_ratio": columns.share(words.count(words.groups.one_of_each), words.counts)}
