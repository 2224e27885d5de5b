"""National bank accounts, as they were written before the IBAN: numbers behind a word that announces them."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import MARKS, SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

_ACCOUNT = re.compile(
    rf"(?<!{SIGN})(?:Konto(?:nummer|[ \-]?[Nn]r\.?|)|Kto\.?(?:[ \-]?[Nn]r\.?)?)[\s:{MARKS}]{{1,6}}"
    rf"(?P<number>[0-9](?:[ \-]?[0-9]){{4,9}})(?!{SIGN}|[.,/][0-9])"
)

BANK_ACCOUNT = Kind("bank_account", "Kontonummer", without_separators)


class BankAccountRecogniser(BaseRecogniser):
    """Five to ten digits behind "Konto", "Kontonummer" or "Kto.-Nr."; the bank's own number is nobody's."""

    name = "bank_account"
    kind = BANK_ACCOUNT
    trigger = Trigger(parts=("Konto", "Kto"))

    def find(self, text: str) -> Iterator[Finding]:
        """Account numbers; there is no check digit that all banks share."""
        for found in _ACCOUNT.finditer(text):
            yield self.finding(found.start("number"), found.end("number"), 0.85)
