"""The insurance number of the statutory pension (Rentenversicherungsnummer, section 147 SGB VI)."""

import re

from backend.datasets.pii.checksums import digit_sums
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.numbers import AFTER, GAP, NumberRecogniser
from backend.datasets.pii.triggers import Trigger

_WEIGHTS = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
_AREAS = range(2, 90)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _pseudonym(code: Code, found: str) -> str:
    """No area has the number 00, and no month either."""
    return f"00{code.digits(2)}00{code.digits(10)[2:4]}{found[8]}{code.digits(13)[10:]}"


PENSION_NUMBER = Kind("pension_number", "Rentenversicherungsnummer", without_separators, _pseudonym)


class PensionNumberRecogniser(NumberRecogniser):
    """Area, date of birth (DDMMYY), first letter of the birth name, serial number, check digit: "65 170839 J 003".

    The area is one of 02 to 89, and the date exists in some century.

    Source: section 2 VKVV.
    """

    name = "pension_number"
    kind = PENSION_NUMBER
    trigger = Trigger(is_number=True, pattern=re.compile(rf"[0-9](?:{GAP}[0-9]){{7}}{GAP}[A-Za-z]{GAP}[0-9]{{2}}"))
    confidence = 0.97
    pattern = re.compile(
        rf"[0-9](?<!{SIGN}.)(?<![0-9][.\-–‑].)[0-9]{GAP}[0-9]{{2}}{GAP}[0-9]{{2}}{GAP}[0-9]{{2}}"
        rf"{GAP}[A-Za-z]{GAP}[0-9]{{2}}{GAP}[0-9]{AFTER}"
    )

    def is_valid(self, characters: str) -> bool:
        """By area, date and check digit."""
        area, day, month = (int(characters[place : place + 2]) for place in (0, 2, 4))
        if area not in _AREAS or not 1 <= month <= 12 or not 1 <= day <= _DAYS[month - 1]:
            return False
        letter = ord(characters[8]) - ord("A") + 1
        digits = f"{characters[:8]}{letter:02d}{characters[9:11]}"
        return sum(digit_sums(digits, _WEIGHTS)) % 10 == int(characters[11])
