"""Numbered identifiers in running text: groups, edges, and a base for recognisers that check a checksum."""

import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.iban_registry import is_inside_account
from backend.datasets.pii.kinds import without_separators
from backend.datasets.pii.triggers import LONG_NUMBER

GAP = r"(?:[./\-–‑]|\s{1,2})?"
"""Between groups; where a table or a narrow column breaks a line, it breaks identifiers, too."""

# no part of a longer number, amount or word; but a list of identifiers may have no space behind its commas
AFTER = rf"(?!{SIGN}|[.\-–‑][0-9]|[,/](?![0-9](?:{GAP}[0-9]){{7}})[0-9])"
_JOINED = re.compile(r"[0-9][,/]$")
_ANOTHER = re.compile(rf"[0-9](?:{GAP}[0-9]){{7}}(?:{GAP}[A-Za-z](?:{GAP}[0-9]){{3}})?[,/]$")
_LONGEST = 40


class NumberRecogniser(BaseRecogniser):
    """Finds what has the shape of an identifier and passes its checks.

    Class attributes:
        pattern: The shape, with gaps between its groups.
        confidence: Of what passed.
    """

    trigger = LONG_NUMBER
    pattern: ClassVar[re.Pattern[str]]
    confidence: ClassVar[float]

    def find(self, text: str) -> Iterator[Finding]:
        """Everything of the shape that is valid."""
        for found in self.pattern.finditer(text):
            if self.is_valid(without_separators(found[0])) and _begins_itself(text, found.start()):
                yield self.finding(found.start(), found.end(), self.confidence)

    @abstractmethod
    def is_valid(self, characters: str) -> bool:
        """Whether letters and digits, without separators and in capitals, can be such an identifier."""


def _begins_itself(text: str, place: int) -> bool:
    """Whether what begins at a place is no part of an amount ("3,52294862170"), and not the middle of an account."""
    if _JOINED.search(text, max(0, place - 2), place) and not _ANOTHER.search(text, max(0, place - _LONGEST), place):
        return False
    return not is_inside_account(text, place)


def other_digit(digit: int, chosen: str) -> str:
    """A check digit that is wrong."""
    return str((digit + 1 + int(chosen) % 9) % 10)
