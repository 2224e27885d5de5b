"""Digits: tables of amounts and keys are not prose."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.kinds import Kind

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class DigitShareFilter(BaseFilter):
    """Digits per character of the whole text."""

    name = "digits"
    version = 2
    signals = ("digit_share",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Digits / characters, white space included; nothing for references."""
        return {"digit_share": columns.of_prose(columns.share(columns.count(Kind.DIGIT), columns.lengths))}
