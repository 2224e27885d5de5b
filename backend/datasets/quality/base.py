"""The contract of a quality filter: measure signals of texts. What they cost is said by a profile.

A new filter is one new file in `filters/` with one subclass of `BaseFilter`; the pipeline finds it. Its signals are
judged once a profile has limits for them, and kept beside the text in any case. An idle service imports every filter:
numpy is imported inside functions, where the methods of `TextColumns` do not suffice.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from backend.datasets.quality.columns import TextColumns

Signals: TypeAlias = "Mapping[str, NDArray[np.float64]]"
"""Values by name of the signal, one per text; NaN where it makes no sense for a text (too short)."""


class BaseFilter(ABC):
    """One family of signals; their definitions stand in the docstrings of `measure`.

    Args:
        language: Of the texts, "de" or "en", where a signal depends on it.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    """Raised whenever the same text gets other values: what was measured before is measured anew."""
    signals: ClassVar[Sequence[str]]
    is_optional: ClassVar[bool] = False
    """Whether it only measures for profiles that have a limit on one of its signals."""
    counts: ClassVar[Sequence[str]] = ()
    """Those of the signals that are whole numbers and kept without a decimal point."""

    def __init__(self, language: str = "de") -> None:
        self.language = language

    @property
    def way(self) -> str:
        """Names the way of measuring: two filters of one way give the same text the same values."""
        return f"{self.name}-{self.language}-{self.version}"

    @abstractmethod
    def measure(self, columns: "TextColumns") -> Signals:
        """Every one of `signals`, of shape (texts,)."""
