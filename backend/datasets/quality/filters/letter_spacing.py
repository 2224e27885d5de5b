"""L e t t e r - s p a c e d text, as bad scans give it."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading


class LetterSpacingFilter(BaseFilter):
    """Share of words of one character; enumerations have some, letter-spaced scans little else."""

    name = "letter_spacing"
    signals = ("single_letter_words",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Words of one letter or digit, as a share of all words."""
        if not reading.words:
            return {}
        return {"single_letter_words": sum(len(word) == 1 for word in reading.words) / reading.word_count}
