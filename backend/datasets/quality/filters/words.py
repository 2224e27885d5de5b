"""Length in words: a stub teaches nothing."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class WordCountFilter(BaseFilter):
    """How long a text is."""

    name = "words"
    signals = ("words",)
    counts = ("words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Number of words."""
        return {"words": columns.word_counts.astype(float)}
