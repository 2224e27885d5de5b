"""The VAT number of a German business (USt-IdNr, section 27a UStG): a person's where the business is one."""

import re

from backend.datasets.pii.checksums import iso_7064_mod_11_10
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.numbers import AFTER, GAP, NumberRecogniser


def _pseudonym(code: Code, _found: str) -> str:
    """None begins with 0."""
    return "DE0" + code.digits(8)


VAT_ID = Kind("vat_id", "USt-IdNr", without_separators, _pseudonym)


class VatIdRecogniser(NumberRecogniser):
    """DE and nine digits, the first is not 0, the last a check digit by the rule of the tax number."""

    name = "vat_id"
    kind = VAT_ID
    confidence = 0.95
    # in groups of three or two; small letters only in one piece
    pattern = re.compile(
        rf"[Dd][Ee](?<!{SIGN}..)(?:[1-9][0-9]{{8}}|(?<=DE){GAP}(?:[1-9][0-9]{{2}}(?:{GAP}[0-9]{{3}}){{2}}"
        rf"|[1-9][0-9](?:{GAP}[0-9]{{2}}){{2}}{GAP}[0-9]{{3}})){AFTER}"
    )

    def is_valid(self, characters: str) -> bool:
        """By check digit."""
        return iso_7064_mod_11_10(characters[2:10]) == int(characters[10])
