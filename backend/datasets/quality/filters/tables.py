"""Tables: what stands in cells that are marked as such has the layout of figures and names by right.

Prose has function words and few digits, a schedule of fees has neither. Limits that spare tables do not reject it for
that, but let a person look. Rows of figures without such marks, as a broken extraction leaves them, are not spared.
"""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals
from backend.datasets.quality.limits import TABLE_SHARE
from backend.datasets.quality.markup import TABLE

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class TableFilter(BaseFilter):
    """How much of a text is table."""

    name = "tables"
    signals = (TABLE_SHARE,)

    def measure(self, columns: "TextColumns") -> Signals:
        """Characters of rows with marked cells ("* * 1", "* Gebühr"), as a share of the text with its marks."""
        import numpy as np

        return {TABLE_SHARE: np.fromiter(map(_share, columns.originals), np.float64, len(columns.originals))}


def _share(text: str) -> float:
    if "* *" not in text:
        return 0.0
    return sum(len(found[0]) for found in TABLE.finditer(text)) / len(text)
