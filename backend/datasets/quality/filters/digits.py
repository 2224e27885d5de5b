"""Digits: tables of amounts and keys are not prose."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

_NO_DIGIT = re.compile(r"\D+")


class DigitShareFilter(BaseFilter):
    """Digits per character of the whole text."""

    name = "digits"
    signals = ("digit_share",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Digits / characters, white space included."""
        if not reading.text:
            return {}
        return {"digit_share": len(_NO_DIGIT.sub("", reading.text)) / len(reading.text)}
