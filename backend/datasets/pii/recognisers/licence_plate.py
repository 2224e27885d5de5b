"""Licence plates of vehicles (Kfz-Kennzeichen, section 9 FZV)."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import MARKS, SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

# districts have one to three letters, then one or two letters and up to four digits; E electric, H historic
_DIGITS = rf"[1-9][0-9]{{0,3}}(?:[EH]| [EH](?!{SIGN}|\. ?[A-ZÄÖÜ]))?(?!{SIGN}|[,./\-][0-9])"
_PLATE = re.compile(
    rf"(?P<district>[A-ZÄÖÜ](?<!{SIGN}.)(?<!{SIGN}-.)(?<!\.-.)[A-ZÄÖÜ]{{0,2}})(?P<gap>-|–| - | ?: ?| )"
    rf"(?P<letters>[A-Z]{{1,2}})(?P<second>[ \u00a0\-]?){_DIGITS}"
)
_NAMED = re.compile(r"[Kk]enn(?:zeichens?|z\.)(?:-?\s?Nr\.)?(?: lautet| ist| war)?[:\s(„\"»*_]{1,6}(?=[A-ZÄÖÜ0])")
_GAP = "(?:[ \u00a0]?[\\-–‑:][ \u00a0]?|[ \u00a0])"
_NAMED_PLATE = re.compile(rf"(?P<district>[A-ZÄÖÜ]{{1,3}}){_GAP}(?P<letters>[A-Z]{{1,2}})(?:[ \u00a0\-–]?){_DIGITS}")
# of dealers (red), authorities, diplomats, and the armed forces
_SPECIAL = re.compile(
    r"(?:Y[ \-–][0-9]{3}[ \u00a0][0-9]{3}|[A-ZÄÖÜ]{1,3}[ \-–]0[3-7][ \u00a0]?[0-9]{2,5}"
    r"|(?!DIN|ISO|IEC|VDE)[A-ZÄÖÜ]{1,3}-[1-9][0-9]{2,5}"
    rf"|(?:B[DGP]|0)[ \-–][0-9]{{2,3}}[ \-–](?:[A-Z] ?)?[0-9]{{1,4}})(?!{SIGN}|[,./\-][0-9])"
)
_FORBIDDEN = frozenset(("HJ", "KZ", "NS", "SA", "SS"))
_STANDARDS = frozenset(("DIN", "EN", "ISO", "IEC", "VDE", "EG", "EU", "EWG", "UN", "ECE", "ADR", "TA", "AT"))
_MAKES = frozenset(("BMW", "VW", "MAN", "DAF", "KTM", "VDA"))
_PART = re.compile(
    rf"(?<!{SIGN})(?:Klassen?|Anlagen?|Anhang|Muster|Typ|Modell|Gruppe|Abschnitt|Tabelle|Nummer|Nr\.|Teil)"
    rf"\s[{MARKS}]{{0,3}}$"
)
_ANNOUNCED = re.compile(
    r"(?i)kennz(?:eichen|\.)|kfz|pkw|lkw|fahrzeug|krad|motorrad|anhänger|wagen|halter|\b(?:vw|bmw|audi|opel|ford|mercedes)\b"
)
_NEAR = 80
_LONGEST = 8

LICENCE_PLATE = Kind("licence_plate", "Kennzeichen", without_separators)


class LicencePlateRecogniser(BaseRecogniser):
    """Plates behind the word for them, or by their shape and a word nearby that speaks of vehicles.

    No list of districts is kept, as it changes every year; so the shape alone ("B-AB 1234", with its hyphen and its
    space) is worth little, and other shapes nothing.
    """

    name = "licence_plate"
    kind = LICENCE_PLATE
    trigger = Trigger(
        is_number=True,
        parts=("ennzeichen", "ennz."),
        pattern=re.compile(
            r"[1-9](?:(?<=[ \-–][A-Z][ \u00a0\-].)|(?<=[ \-–][A-Z]{2}[ \u00a0\-].)|(?<=[ \-–][A-Z].)"
            r"|(?<=[ \-–][A-Z]{2}.))"
        ),
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Behind the word for them every kind of plate, elsewhere those of districts."""
        for named in _NAMED.finditer(text):
            plate = _NAMED_PLATE.match(text, named.end())
            found = plate if plate and _is_possible(plate) else _SPECIAL.match(text, named.end())
            if found is not None:
                yield self.finding(found.start(), found.end(), 0.85)
        for found in _PLATE.finditer(text):
            if found["district"] not in _STANDARDS and _is_possible(found):
                yield from self._by_what_is_near(text, found)

    def _by_what_is_near(self, text: str, plate: re.Match[str]) -> Iterator[Finding]:
        begin = max(0, plate.start() - _NEAR)
        is_make_or_part = plate["district"] in _MAKES or _PART.search(text, begin, plate.start()) is not None
        if not is_make_or_part and _ANNOUNCED.search(text, begin, plate.end() + _NEAR // 2):
            yield self.finding(plate.start(), plate.end(), 0.85)
        elif not is_make_or_part and plate["gap"] == "-" and plate["second"] == " ":
            yield self.finding(plate.start(), plate.end(), 0.5)


def _is_possible(plate: re.Match[str]) -> bool:
    """Whether it has at most eight letters and digits, and none of the letters that are not given out."""
    return len(without_separators(plate[0]).rstrip("EH")) <= _LONGEST and plate["letters"] not in _FORBIDDEN
