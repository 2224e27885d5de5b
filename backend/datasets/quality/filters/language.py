"""Texts in another language than the profile's."""

from typing import TYPE_CHECKING

from backend.datasets.language.identify import UNKNOWN, Identified, identify
from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns

_DIGITS = 3


class LanguageFilter(BaseFilter):
    """How sure it is that a text is in another language, by its first thousand characters of prose."""

    name = "language"
    version = 2
    signals = ("other_language",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Probability of the other language; 0 for the profile's own, and where no language can be told."""
        import numpy as np

        found = [self._otherness(identify(text)) for text in columns.texts]
        return {"other_language": np.array(found, dtype=np.float64)}

    def _otherness(self, identified: Identified) -> float:
        is_other = identified.language not in (self.language, UNKNOWN)
        # lingua adds in no fixed order, so its last digits are those of chance
        return round(identified.probability, _DIGITS) if is_other else 0.0
