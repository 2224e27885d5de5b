"""Numbers of credit and debit cards."""

import re

from backend.datasets.pii.checksums import luhn
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.numbers import AFTER, NumberRecogniser

_GAP = "[ \u00a0\u202f\\-]?"
# first digits of an issuer and how long its numbers are
_ISSUERS = (
    (re.compile("4"), (13, 16, 19)),  # Visa
    (re.compile("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),  # Mastercard
    (re.compile("3[47]"), (15,)),  # American Express
    (re.compile("6011|64[4-9]|65"), (16, 19)),  # Discover
    (re.compile("352[89]|35[3-8]"), (16, 19)),  # JCB
    (re.compile("30[0-5]|309|36|3[89]"), (14, 16, 19)),  # Diners Club
    (re.compile("5018|5020|5038|5893|6304|6759|676[1-3]"), range(13, 20)),  # Maestro
)


def _pseudonym(code: Code, found: str) -> str:
    """No issuer's numbers begin with 0."""
    return "0000" + code.digits(len(found) - 4)


CREDIT_CARD = Kind("credit_card", "Kartennummer", without_separators, _pseudonym)


class CreditCardRecogniser(NumberRecogniser):
    """13 to 19 digits, in one piece or in groups as on the card, of a known issuer and with a valid check digit."""

    name = "credit_card"
    kind = CREDIT_CARD
    confidence = 0.85
    pattern = re.compile(
        rf"[2-6](?<!{SIGN}.)(?<![0-9][.\-–‑].)(?:[0-9]{{12,18}}|[0-9]{{3}}(?:{_GAP}[0-9]{{4}}){{3}}(?:{_GAP}[0-9]{{3}})?"
        rf"|[0-9]{{3}}{_GAP}[0-9]{{6}}{_GAP}[0-9]{{4,5}}){AFTER}"
    )

    def is_valid(self, characters: str) -> bool:
        """By issuer, length and check digit."""
        is_issued = any(begin.match(characters) and len(characters) in lengths for begin, lengths in _ISSUERS)
        return is_issued and luhn(characters) == 0
