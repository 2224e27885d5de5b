"""The contract of a recogniser: where in a text one kind of personal data stands, and how sure that is.

A new recogniser is one new file in `recognisers/` with one subclass of `BaseRecogniser`; the scanner finds it, and
policies may name its kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.triggers import Trigger


@dataclass(frozen=True, slots=True)
class Finding:
    """Personal data in a text; what was found is not part of it.

    Args:
        start: Offset of the first character.
        end: Offset behind the last one.
        kind: Name of a `Kind`.
        confidence: In 0..1. From 0.9 a checksum or a spelt-out context says so, from 0.6 a shape or a list does,
            below it may be something else, or has been made anonymous already ("Zeuge K.").
        recogniser: Which one found it.
    """

    start: int
    end: int
    kind: str
    confidence: float
    recogniser: str


class BaseRecogniser(ABC):
    """Finds one kind of personal data.

    Class attributes:
        name: Of the recogniser, as in `Finding.recogniser`.
        kind: What it finds.
        trigger: What must be in a text for `find` to be worth its time; texts without it are skipped.
    """

    name: ClassVar[str]
    kind: ClassVar[Kind]
    trigger: ClassVar[Trigger]

    @abstractmethod
    def find(self, text: str) -> Iterable[Finding]:
        """Findings in any order; they may overlap."""

    def finding(self, start: int, end: int, confidence: float) -> Finding:
        """One of this recogniser's kind."""
        return Finding(start, end, self.kind.name, confidence, self.name)
