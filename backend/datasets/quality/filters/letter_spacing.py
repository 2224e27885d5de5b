"""L e t t e r - s p a c e d text, as bad scans give it."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class LetterSpacingFilter(BaseFilter):
    """Share of words of one character; enumerations have some, letter-spaced scans little else."""

    name = "letter_spacing"
    signals = ("single_letter_words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Words of one letter or digit, as a share of all words."""
        words = columns.words
        return {"single_letter_words": columns.share(words.total(words.lengths == 1), words.counts)}
