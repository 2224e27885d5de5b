"""Sections that only say that they are no more."""

import re
from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading

_LONGEST = 200
_REPEALED = re.compile(
    r"""(?: \(?\d+[a-z]?[.)]\s* | §§?\s*[\d\sa-z]+(?:bis\s+\d+\s?[a-z]?\s)? )?     # (1), § 5 bis 7
        (?: [-–—_.…\s]+ | \W*(?:weggefallen|aufgehoben|gegenstandslos|entfallen|gestrichen|unbesetzt)\W* )""",
    re.VERBOSE | re.IGNORECASE,
)


class RepealedFilter(BaseFilter):
    """Finds "(weggefallen)", "(aufgehoben)", "(gegenstandslos)" and a lone dash."""

    name = "repealed"
    signals = ("repealed",)

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """1 if every line says so, else 0."""
        is_short = 0 < len(reading.text) <= _LONGEST
        return {"repealed": float(is_short and all(map(_REPEALED.fullmatch, reading.text.splitlines())))}
