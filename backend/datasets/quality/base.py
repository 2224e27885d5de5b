"""The contract of a quality filter: measure signals of a text. What they cost is said by a profile.

A new filter is one new file in `filters/` with one subclass of `BaseFilter`; the pipeline finds it. Its signals are
judged once a profile has limits for them, and kept beside the text in any case.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from backend.datasets.quality.reading import Reading


class BaseFilter(ABC):
    """One family of signals; their definitions stand in the docstrings of `measure`.

    Args:
        language: Of the texts, "de" or "en", where a signal depends on it.
    """

    name: ClassVar[str]
    signals: ClassVar[Sequence[str]]

    def __init__(self, language: str = "de") -> None:
        self.language = language

    @abstractmethod
    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Signals of a text by name; a signal that makes no sense for it (too short) is left out."""
