"""L e t t e r - s p a c e d text, as bad scans give it."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class LetterSpacingFilter(BaseFilter):
    """Share of words of one letter; enumerations have some, letter-spaced scans little else.

    Digits do not count: tables have columns of them.
    """

    name = "letter_spacing"
    version = 2
    signals = ("single_letter_words",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Words of one letter, as a share of all words."""
        words = columns.words
        return {"single_letter_words": columns.share(words.total(words.are_single_letters), words.counts)}
