"""Share of tokens that hold a letter: number tables and rulings of dashes have few."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

_LETTER = re.compile(r"[^\W\d_]")


class LetterShareFilter(BaseFilter):
    """Tokens between white space, not punctuation marks, are counted: the denominator decides everything."""

    name = "letters"
    signals = ("letter_tokens",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Share of white-space tokens with at least one letter."""
        if not reading.tokens:
            return {}
        return {"letter_tokens": sum(map(bool, map(_LETTER.search, reading.tokens))) / len(reading.tokens)}
