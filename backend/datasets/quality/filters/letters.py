"""Share of tokens that hold a letter: number tables and rulings of dashes have few."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.kinds import Kind

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class LetterShareFilter(BaseFilter):
    """Tokens between white space, not punctuation marks, are counted: the denominator decides everything."""

    name = "letters"
    version = 2
    signals = ("letter_tokens",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Share of white-space tokens with at least one letter; nothing for references."""
        starts, ends = columns.tokens
        letters = columns.running_count(Kind.LETTER)
        with_letter = starts[letters[ends - 1] > letters[starts - 1]]
        shares = columns.share(columns.count_places(with_letter), columns.count_places(starts))
        return {"letter_tokens": columns.of_prose(shares)}
