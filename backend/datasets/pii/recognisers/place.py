"""Towns: where somebody lives, was born or works."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.names.cities import CITIES
from backend.datasets.pii.triggers import Trigger

PLACE = Kind("place", "Ort")

# behind the last two letters of a word that says where
_TOWN = re.compile(
    r"[A-ZÄÖÜ](?:(?<=(?:in|ch|us|ei|er|dt|rt|le|ft|tz|um|ng|st)\s.)|(?<=[a-z][:,]\s.))"
    r"[a-zäöüß]+(?:-[A-ZÄÖÜ][a-zäöüß]+)?(?!\w|-\w)"
)
_BEFORE = re.compile(
    r"\b(?:in|nach|aus|bei|über|Stadt|Standort|Dienststelle|wohnhaft|Wohnort|Wohnsitz|Raum|Richtung|Geburtsort"
    r"|Geburtsort ist)[:,]?\s(?:in\s)?$"
)
_SUFFIX = re.compile(r"\s(?:am\sMain|an\sder\s[A-ZÄÖÜ]\w+|a\.\s?[MNRD]\.|im\sBreisgau|\((?:Oder|Saale|Westf\.)\))")
_COURT = re.compile(
    r"(?i)(?:gericht(?:s|es)?|kammer|senat|amt(?:s|es)?|behörde|universität|direktion|präsidium|kasse)\s(?:in\s)?$"
)
_INITIAL = re.compile(
    r"[A-ZÄÖÜ](?<=[nhsgt]\s.)[a-z]?\.?(?:\s?(?:…|\.\.\.))?(?=[\s,;)]|\.$|$)(?!\s(?:und|bis|oder)\s[A-Z]\b|\s\d"
    r"|\.?\s[A-Z]\w)"
)
_BEFORE_INITIAL = re.compile(r"\b(?:in|nach|aus|Richtung|Stadt|Standort|Wohnsitz in)\s$")


class PlaceRecogniser(BaseRecogniser):
    """Listed towns behind a word that says where, and initials there; seats of courts and offices are left out."""

    name = "place"
    kind = PLACE
    trigger = Trigger(words=CITIES, pattern=re.compile(r"[A-ZÄÖÜ](?<=[nhsgt]\s.)[a-z]?(?:[.,;)…]|\s(?![A-Z]))"))

    def find(self, text: str) -> Iterator[Finding]:
        """Towns by list, then by initial."""
        for found in _TOWN.finditer(text):
            if found[0] not in CITIES:
                continue
            before = text[max(0, found.start() - 30) : found.start()]
            if _COURT.search(before) or not _BEFORE.search(before):
                continue
            suffix = _SUFFIX.match(text, found.end())
            end = suffix.end() if suffix else found.end()
            yield self.finding(found.start(), end, 0.6)
        for found in _INITIAL.finditer(text):
            if _BEFORE_INITIAL.search(text[max(0, found.start() - 12) : found.start()]):
                yield self.finding(found.start(), found.end(), 0.45)
