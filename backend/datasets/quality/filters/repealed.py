"""Sections that only say that they are no more."""

import re
from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns

_LONGEST = 200
_SECTION = r"\d+\s?[a-z]?\b"
_REPEALED = re.compile(
    rf"""(?: \(?\d+[a-z]?[.)]\s* | §§?\s*{_SECTION}(?:(?:,|\s(?:bis|und))\s{_SECTION})*\s* )?     # (1), § 5 bis 7
        (?: [-–—_.…\s]+ | \W*(?:weggefallen|aufgehoben|gegenstandslos|entfallen|gestrichen|unbesetzt)\W* )""",
    re.VERBOSE | re.IGNORECASE,
)


class RepealedFilter(BaseFilter):
    """Finds "(weggefallen)", "(aufgehoben)", "(gegenstandslos)" and a lone dash."""

    name = "repealed"
    version = 2
    signals = ("repealed",)

    def measure(self, columns: "TextColumns") -> Signals:
        """1 if every line says so, else 0."""
        import numpy as np

        return {"repealed": np.fromiter(map(_is_repealed, columns.texts), np.float64, len(columns.texts))}


def _is_repealed(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and all(map(_REPEALED.fullmatch, text.splitlines()))
