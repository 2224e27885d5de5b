"""Mean word length: German law has long words, letter soup and glued extraction have odd ones."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class WordLengthFilter(BaseFilter):
    """Both ends of the mean word length in characters."""

    name = "word_length"
    version = 2
    signals = ("mean_word_length",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Letters, digits and inner hyphens per word; nothing for references."""
        words = columns.words
        return {"mean_word_length": columns.of_prose(columns.share(words.total(words.lengths), words.counts))}
