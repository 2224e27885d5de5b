"""Serial numbers of identity cards and passports, and the machine readable lines that repeat them.

Both have nine characters without vowels and letters that look like digits; in machine readable lines and on many forms
a check digit follows. Numbers of identity cards begin with one set of letters, those of passports with another.

Source: Personalausweisverordnung and Passverordnung, annexes; ICAO Doc 9303 parts 4 and 5.
"""

import re
from collections.abc import Iterator
from typing import ClassVar

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import document_digit
from backend.datasets.pii.codes import Code
from backend.datasets.pii.kinds import without_separators
from backend.datasets.pii.triggers import Trigger

_LETTERS = "CFGHJKLMNPRTVWXYZ"
_NUMBER = re.compile(rf"[{_LETTERS}](?<!\w.)(?<!\w-.)[{_LETTERS}0-9]{{8}}[0-9]?(?!\w|-\w|/[0-9])")
_NEAR = 60


def document_pseudonym(code: Code, _found: str) -> str:
    """No number has a vowel."""
    return "U" + code.digits(8)


class SerialNumberRecogniser(BaseRecogniser):
    """Numbers with their check digit anywhere, those without it behind a word that announces them.

    Class attributes:
        first_letters: With which the numbers begin.
        announced: What a text says before them.
        machine_lines: The machine readable lines; group `checked` is a number with its check digit.
    """

    trigger = Trigger(is_number=True, parts=("<<",), pattern=re.compile(rf"[0-9](?<=[{_LETTERS}].)"))
    first_letters: ClassVar[str]
    announced: ClassVar[re.Pattern[str]]
    machine_lines: ClassVar[re.Pattern[str]]

    def find(self, text: str) -> Iterator[Finding]:
        """Numbers and machine readable lines; a number in such a line is part of its finding."""
        for found in self.machine_lines.finditer(text):
            if are_checked(found):
                yield self.finding(found.start(), found.end(), 0.99)
        for found in _NUMBER.finditer(text):
            number = without_separators(found[0])
            confidence = self._confidence(number, text[max(0, found.start() - _NEAR) : found.start()])
            if confidence is not None:
                yield self.finding(found.start(), found.end(), confidence)

    def _confidence(self, number: str, before: str) -> float | None:
        is_announced = self.announced.search(before) is not None
        if not (is_announced or number[0] in self.first_letters):
            return None
        if len(number) == 10:
            is_right = document_digit(number[:9]) == int(number[9])
            return (0.95 if is_announced else 0.7) if is_right else None
        # nine capitals may be an abbreviation
        return 0.8 if is_announced and any(map(str.isdigit, number)) else None


def are_checked(lines: re.Match[str]) -> bool:
    """Whether every check digit of machine readable lines is right.

    The groups `number`, `birth` and `expiry` end in their check digits; `check` is that of all groups in their order.
    """
    fields = [lines[name] for name in ("number", "birth", "expiry")]
    together = "".join(value for name, value in lines.groupdict().items() if name != "check")
    fields.append(together + lines["check"])
    return all(document_digit(field[:-1]) == int(field[-1]) for field in fields)
