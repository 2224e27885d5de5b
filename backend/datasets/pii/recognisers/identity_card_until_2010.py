"""Identity cards that were given out until 2010: their numbers have digits alone."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import document_digit
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.recognisers.identity_card import IDENTITY_CARD
from backend.datasets.pii.travel_documents import LINE_END
from backend.datasets.pii.triggers import LONG_NUMBER

_NUMBER = re.compile(rf"[0-9](?<!{SIGN}.)[0-9]{{9}}D(?:<<)?(?!{SIGN}){LINE_END}")


class OldIdentityCardRecogniser(BaseRecogniser):
    """Four digits of the authority, five of a serial number, a check digit, and a D for the nationality."""

    name = "identity_card_until_2010"
    kind = IDENTITY_CARD
    trigger = LONG_NUMBER

    def find(self, text: str) -> Iterator[Finding]:
        """Those whose check digit is right; their machine readable lines are those of later cards."""
        for found in _NUMBER.finditer(text):
            if document_digit(found[0][:9]) == int(found[0][9]):
                yield self.finding(found.start(), found.end(), 0.8)
