"""Punctuation and symbols: mark-up left over by a reader, dotted lines of a table of contents."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.kinds import Kind

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class SymbolShareFilter(BaseFilter):
    """Characters that are neither letters, digits nor white space, per character of the whole text."""

    name = "symbols"
    version = 2
    signals = ("symbol_share",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Symbols / characters, white space included in the denominator; nothing for references."""
        return {"symbol_share": columns.of_prose(columns.share(columns.count(Kind.SYMBOL), columns.lengths))}
