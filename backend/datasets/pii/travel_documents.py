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
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.triggers import Trigger

_LETTERS = "CFGHJKLMNPRTVWXYZ"
# forms print the check digit apart, and the nationality behind it
_NUMBER = re.compile(
    rf"[{_LETTERS}](?<!{SIGN}.)(?<![0-9]-.)[{_LETTERS}0-9]{{8}}(?:(?P<digit>[0-9])(?:D(?:<<)?)?"
    rf"|(?P<apart>[ \u00a0\u202f<](?P<other>[0-9])(?!{SIGN}|[.,][0-9])))?(?!{SIGN}|-{SIGN}|/[0-9])"
)
LINE_BREAK = r"(?:\s|<br ?/?>)*"
"""Between machine readable lines, also in a cell of a table; a scan may have lost it."""
LINE_END = r"(?![0-9A-Z]|<(?![/a-z]))"
"""Behind the last one: what fills such lines begins a tag, too."""
# an insurance number whose check digit is wrong may pass for one
_ONE_LETTER = re.compile("[A-Z][0-9]+")
_NEAR = 60
_SERIAL = 9


def document_pseudonym(code: Code, _found: str) -> str:
    """No number has a vowel."""
    return "U" + code.digits(8)


class SerialNumberRecogniser(BaseRecogniser):
    """Numbers with their check digit anywhere, those without it behind a word that announces them.

    Class attributes:
        first_letters: With which the numbers begin.
        announced: What a text says before them.
        machine_lines: Shapes of the machine readable lines, with the groups that `are_checked` asks for.
    """

    trigger = Trigger(is_number=True, parts=("<<",), pattern=re.compile(rf"[0-9](?<=[{_LETTERS}].)"))
    first_letters: ClassVar[str]
    announced: ClassVar[re.Pattern[str]]
    machine_lines: ClassVar[tuple[re.Pattern[str], ...]]

    def find(self, text: str) -> Iterator[Finding]:
        """Numbers and machine readable lines; a number in such a line is part of its finding."""
        for shape in self.machine_lines:
            for found in shape.finditer(text):
                if are_checked(found):
                    yield self.finding(found.start(), found.end(), 0.99)
        for found in _NUMBER.finditer(text):
            yield from self._numbered(text, found)

    def _numbered(self, text: str, found: re.Match[str]) -> Iterator[Finding]:
        """With its check digit where that is right; what stands apart from nine characters may be something else."""
        start, serial = found.start(), found[0][:_SERIAL]
        is_announced = self.announced.search(text, max(0, start - _NEAR), start) is not None
        if not (is_announced or serial[0] in self.first_letters):
            return
        digit = found["digit"] or found["other"]
        has_digit = any(map(str.isdigit, serial))
        if digit and document_digit(serial) == int(digit) and (has_digit or not found["apart"]):
            is_doubtful = _ONE_LETTER.fullmatch(serial) is not None
            yield self.finding(start, found.end(), 0.95 if is_announced else 0.5 if is_doubtful else 0.7)
        elif is_announced and has_digit and not found["digit"]:
            # nine capitals may be an abbreviation
            yield self.finding(start, start + _SERIAL, 0.8)


def are_checked(lines: re.Match[str]) -> bool:
    """Whether every check digit of machine readable lines is right.

    The groups `number`, `birth` and `expiry` end in their check digits; `check` is that of all groups in their order.
    """
    fields = [lines[name] for name in ("number", "birth", "expiry")]
    together = "".join(value for name, value in lines.groupdict().items() if name != "check")
    fields.append(together + lines["check"])
    return all(document_digit(field[:-1]) == int(field[-1]) for field in fields)
