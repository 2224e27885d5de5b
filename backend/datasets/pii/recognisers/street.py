"""Streets without a number: named ones where somebody lives or something happened, and those of anonymous rulings."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.recognisers.address import ADDRESS
from backend.datasets.pii.triggers import Trigger

_STREET = re.compile(rf"tra(?:ß|ss)e(?!{SIGN}|-{SIGN})")
_ANONYMOUS = re.compile(r"(?<!\w)[A-ZÄÖÜ](?:\.?[\s\-]{0,2}S|(?:\s?…\s?)?s)$")
_DOTS = re.compile(r"\s?(?:\.\.\.|…)")
_NUMBERED = re.compile(rf"\s[1-9][0-9]{{0,3}}(?!{SIGN})")
_OVERLAND = re.compile(r"(?<!\w)(?:Bundes|Landes|Kreis|Staats)s$")
_NAMED = re.compile(
    r"(?:\b(?:in|auf|an)\sder|[Aa]dresse|[Aa]nschrift:?|wohnhaft(?:\sin\sder)?)\s"
    r"(?P<street>(?:[A-ZÄÖÜ][a-zäöüß]+er\s)?(?!Bundes|Land|Kreis|Einbahn|Haupts$|Fahr|Wasser|Schiff|Durch|Staats"
    r"|Gemeinde|Privat)"
    r"[A-ZÄÖÜ][a-zäöüß\-]*[sS])$"
)
_NEAR = 60


class StreetRecogniser(BaseRecogniser):
    """A street is no address yet, so the confidence is low."""

    name = "street"
    kind = ADDRESS
    trigger = Trigger(parts=("traße", "trasse"))

    def find(self, text: str) -> Iterator[Finding]:
        """Anonymous, numbered and named ones."""
        for found in _STREET.finditer(text):
            begin = max(0, found.start() - _NEAR)
            before = text[begin : found.start()]
            if anonymous := _ANONYMOUS.search(before):
                dots = _DOTS.match(text, found.end())
                yield self.finding(begin + anonymous.start(), dots.end() if dots else found.end(), 0.4)
            elif (overland := _OVERLAND.search(before)) and (number := _NUMBERED.match(text, found.end())):
                yield self.finding(begin + overland.start(), number.end(), 0.4)
            elif named := _NAMED.search(before):
                yield self.finding(begin + named.start("street"), found.end(), 0.55)
