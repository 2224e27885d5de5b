"""Dates of birth: dates behind a word that says so."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import MARKS, SIGN
from backend.datasets.pii.kinds import Kind, one_spelling
from backend.datasets.pii.triggers import Trigger

_MONTHS = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
_MONTH = (
    "Jan(?:uar|\\.)?|Feb(?:ruar|\\.)?|März|Mär\\.|Apr(?:il|\\.)?|Mai|Juni?|Juli?|Aug(?:ust|\\.)?|Sept?(?:ember|\\.)?"
)
_MONTH += "|Okt(?:ober|\\.)?|Nov(?:ember|\\.)?|Dez(?:ember|\\.)?"
_DATE = re.compile(
    rf"(?P<day>[0-3]?[0-9])\.\s?(?:(?P<month>[01]?[0-9])\.\s?|(?P<name>{_MONTH})\s)(?P<year>(?:1[89]"
    rf"|20)[0-9]{{2}}|[0-9]{{2}})"
    r"(?![0-9])|(?P<iso>(?:1[89]|20)[0-9]{2}-[01][0-9]-[0-3][0-9])(?![0-9])"
)
_ANNOUNCED = re.compile(
    rf"(?:(?<!{SIGN})(?:[Gg]eb\.|[Gg]eboren(?:e[nrs]?)?)|[Gg]eburts(?:datum|tag)|GEBURTSDATUM)"
    rf"(?:[ \t{MARKS}]*(?:[:,|]|\n))?[\s{MARKS}]*(?:(?:ist|war|lautet)\s)?(?:(?:am|den)\s|der\s)?[\s{MARKS}]*$"
)
# in a line, where an asterisk begins no list
_ASTERISK = re.compile(r"(?:\(|[\w,] )\* ?$")
# "geboren in Leipzig am ...", "geb. Schulze, am ..."
_ANNOUNCED_WITH_PLACE = re.compile(
    rf"(?<!{SIGN})(?:[Gg]eb\.|[Gg]eboren(?:e[nrs]?)?)\s(?:in\s|als\s)?[A-ZÄÖÜ][^\d.;:\n]{{1,40}}?,?\sam\s[{MARKS}]{{0,3}}$"
)
_BORN_BEHIND = re.compile(r"\s(?:(?:in|zu)\s[A-ZÄÖÜ][\w\-]+\s)?geboren(?!e)")
_ANCHOR = re.compile(r"eb(?:\.|oren|urts)|GEBURTS|\*")
_NEAR = 80


def _normalise(found: str) -> str:
    date = _DATE.search(found)
    if date is None or date["iso"]:
        return one_spelling(found)
    month = int(date["month"] or 0) or _MONTHS.index(date["name"][:3].lower()) + 1
    year = date["year"] if len(date["year"]) == 4 else f"19{date['year']}"
    return f"{year}-{month:02d}-{int(date['day']):02d}"


BIRTH_DATE = Kind("birth_date", "Geburtsdatum", _normalise)


class BirthDateRecogniser(BaseRecogniser):
    """Dates in figures or with the month's name behind "geb.", "geboren am", "Geburtsdatum:" or an asterisk.

    Years of two digits are taken for the last century's when spellings are compared.
    """

    name = "birth_date"
    kind = BIRTH_DATE
    trigger = Trigger(
        words=frozenset(("Geburtsdatum", "Geburtstag", "Geboren", "Geb")),
        parts=("geb.", "geboren", "GEBURTSDATUM"),
        pattern=re.compile(r"\* ?[0-9]"),
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Dates that are announced, and those after which somebody is born."""
        yield from self._announced(text)
        if "geboren" in text:
            for found in _DATE.finditer(text):
                # "vor dem 2. Juli 1931 geboren" is a rule, no birthday
                if text.endswith("am ", 0, found.start()) and _BORN_BEHIND.match(text, found.end()):
                    yield self.finding(found.start(), found.end(), 0.9)

    def _announced(self, text: str) -> Iterator[Finding]:
        for anchor in _ANCHOR.finditer(text):
            found = _DATE.search(text, anchor.end(), anchor.end() + _NEAR)
            if found is None or text[found.start() - 1].isdigit():
                continue
            before = text[max(0, found.start() - _NEAR) : found.start()]
            if _ANNOUNCED.search(before) or (_ASTERISK.search(before) and _may_be_born(text, found)):
                yield self.finding(found.start(), found.end(), 0.95)
            elif _ANNOUNCED_WITH_PLACE.search(before):
                yield self.finding(found.start(), found.end(), 0.9)


def _may_be_born(text: str, date: re.Match[str]) -> bool:
    """Whether a date behind an asterisk has a whole year, and is not emphasised ("vom *12.03.1970*")."""
    return len(date["year"] or "1900") == 4 and not text.startswith("*", date.end())
