"""Identity cards that were given out until 2010: their numbers have digits alone."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import document_digit
from backend.datasets.pii.recognisers.identity_card import IDENTITY_CARD
from backend.datasets.pii.travel_documents import are_checked
from backend.datasets.pii.triggers import LONG_NUMBER

_LINES = re.compile(
    r"(?:IDD<<[A-Z<]{31}\s*|(?<!\w))(?P<number>[0-9]{10})D<<(?P<birth>[0-9]{7})[MFX<]"
    r"(?P<expiry>[0-9]{7})(?P<more><{7})(?P<check>[0-9])(?!\w)"
)
_NUMBER = re.compile(r"[0-9](?<!\w.)[0-9]{9}D(?![\w<])")


class OldIdentityCardRecogniser(BaseRecogniser):
    """Four digits of the authority, five of a serial number, a check digit, and a D for the nationality."""

    name = "identity_card_until_2010"
    kind = IDENTITY_CARD
    trigger = LONG_NUMBER

    def find(self, text: str) -> Iterator[Finding]:
        """Numbers and machine readable lines."""
        for found in _LINES.finditer(text) if "D<<" in text else ():
            if are_checked(found):
                yield self.finding(found.start(), found.end(), 0.99)
        for found in _NUMBER.finditer(text):
            if document_digit(found[0][:9]) == int(found[0][9]):
                yield self.finding(found.start(), found.end(), 0.8)
