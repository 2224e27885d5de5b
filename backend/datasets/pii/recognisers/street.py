"""Streets without a number: named ones where somebody lives or something happened, and those of anonymous rulings."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.recognisers.address import ADDRESS
from backend.datasets.pii.triggers import Trigger

_ANONYMOUS = re.compile(
    r"[A-ZÄÖÜ](?<!\w.)(?:\.?[\s\-]{0,2}Stra(?:ß|ss)e|(?:\s?[…]\s?)?str(?:aße|asse|\.))(?![\w])(?:\s?(?:\.\.\.|…))?"
)
_NUMBERED = re.compile(r"(?:Bundes|Landes|Kreis|Staats)straße\s[1-9][0-9]{0,3}(?!\w)")
_NAMED = re.compile(
    r"(?:(?:in|auf|an)\sder|[Aa]dresse|[Aa]nschrift:?|wohnhaft(?:\sin\sder)?)\s"
    r"(?P<street>(?:[A-ZÄÖÜ][a-zäöüß]+er\s)?(?!Bundes|Land|Kreis|Einbahn|Haupt\b|Fahr|Wasser|Schiff|Durch|Staats"
    r"|Gemeinde|Privat)"
    r"[A-ZÄÖÜ][a-zäöüß\-]*(?:straße|Straße))(?![\w\-])"
)


class StreetRecogniser(BaseRecogniser):
    """A street is no address yet, so the confidence is low."""

    name = "street"
    kind = ADDRESS
    trigger = Trigger(parts=("straße", "Straße"))

    def find(self, text: str) -> Iterator[Finding]:
        """Anonymous, numbered and named ones."""
        for found in (*_ANONYMOUS.finditer(text), *_NUMBERED.finditer(text)):
            yield self.finding(found.start(), found.end(), 0.4)
        for found in _NAMED.finditer(text):
            yield self.finding(found.start("street"), found.end("street"), 0.55)
