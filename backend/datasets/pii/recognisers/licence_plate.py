"""Licence plates of vehicles (Kfz-Kennzeichen, section 9 FZV)."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

# districts have one to three letters, then one or two letters and up to four digits; E electric, H historic
_PLATE = re.compile(
    r"[A-ZÄÖÜ](?<!\w.)(?<![\w.]-.)[A-ZÄÖÜ]{0,2}(?P<gap>-|–| - | ?: ?| )[A-Z]{1,2}"
    r"(?P<second>[ \-]?)[1-9][0-9]{0,3}[EH]?(?!\w|[,./\-][0-9])"
)
_FORBIDDEN = frozenset(("HJ", "KZ", "NS", "SA", "SS"))
_STANDARDS = frozenset(("DIN", "EN", "ISO", "IEC", "VDE", "EG", "EU", "EWG", "UN", "ECE", "ADR", "TA", "AT"))
_ANNOUNCED = re.compile(
    r"(?i)kennzeichen|kfz|pkw|lkw|fahrzeug|krad|motorrad|anhänger|wagen|halter|\b(?:vw|bmw|audi|opel|ford|mercedes)\b"
)
_NEAR = 80
_LONGEST = 8

LICENCE_PLATE = Kind("licence_plate", "Kennzeichen", without_separators)


class LicencePlateRecogniser(BaseRecogniser):
    """Plates by their shape and a word nearby that speaks of vehicles.

    No list of districts is kept, as it changes every year; so the shape alone ("B-AB 1234", with its hyphen and its
    space) is worth little, and other shapes nothing.
    """

    name = "licence_plate"
    kind = LICENCE_PLATE
    trigger = Trigger(
        is_number=True,
        pattern=re.compile(
            r"[1-9](?:(?<=[ \-–][A-Z][ \-].)|(?<=[ \-–][A-Z]{2}[ \-].)|(?<=[ \-–][A-Z].)|(?<=[ \-–][A-Z]{2}.))"
        ),
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Plates with at most eight letters and digits."""
        for found in _PLATE.finditer(text):
            characters = without_separators(found[0])
            letters = re.findall("[A-Z]+", found[0])
            if (
                len(characters.rstrip("EH")) > _LONGEST
                or letters[0] in _STANDARDS
                or _FORBIDDEN.intersection(letters[1:])
            ):
                continue
            near = text[max(0, found.start() - _NEAR) : found.end() + _NEAR // 2]
            if _ANNOUNCED.search(near):
                yield self.finding(found.start(), found.end(), 0.85)
            elif found["gap"] == "-" and found["second"] == " ":
                yield self.finding(found.start(), found.end(), 0.5)
