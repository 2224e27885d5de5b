"""Digits: tables of amounts and keys are not prose."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter, Limit
from backend.datasets.quality.reading import Reading

_NO_DIGIT = re.compile(r"\D+")


class DigitShareFilter(BaseFilter):
    """Digits per character of the whole text."""

    name = "digits"
    limits = (Limit.at_most("digit_share", soft=0.093, hard=0.22, reason="many_digits", min_words=20),)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Digits / characters, white space included."""
        if not reading.text:
            return {}
        return {"digit_share": len(_NO_DIGIT.sub("", reading.text)) / len(reading.text)}
