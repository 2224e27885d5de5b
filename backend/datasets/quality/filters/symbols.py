"""Punctuation and symbols: mark-up left over by a reader, dotted lines of a table of contents."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

_ALPHANUMERIC = re.compile(r"[^\W_]+")


class SymbolShareFilter(BaseFilter):
    """Characters that are neither letters, digits nor white space, per character of the whole text."""

    name = "symbols"
    signals = ("symbol_share",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Symbols / characters, white space included in the denominator."""
        if not reading.text:
            return {}
        alphanumeric = sum(map(len, _ALPHANUMERIC.findall(reading.text)))
        return {"symbol_share": (reading.ink - alphanumeric) / len(reading.text)}
