"""The tax identification number of a person (Steuer-ID, section 139b AO)."""

import re
from collections import Counter
from collections.abc import Sequence

from backend.datasets.pii.checksums import iso_7064_mod_11_10
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.numbers import AFTER, GAP, NumberRecogniser

_RUN = re.compile(r"(\d)\1\1")
# as it is printed, and as people write it
_GROUPS = ((2, 3, 3, 3), (3, 3, 3, 2), (4, 4, 3), (3, 4, 4), (5, 6), (2, 2, 2, 2, 3), (2, 2, 2, 2, 2, 1))


def _shape(groups: Sequence[int]) -> str:
    """Behind the first digit."""
    first, *others = groups
    return f"[0-9]{{{first - 1}}}" + "".join(f"{GAP}[0-9]{{{size}}}" for size in others)


def _pseudonym(code: Code, _found: str) -> str:
    """None begins with 0."""
    return "00" + code.digits(9)


TAX_ID = Kind("tax_id", "Steuer-ID", without_separators, _pseudonym)


class TaxIdRecogniser(NumberRecogniser):
    """Eleven digits, the first is not 0, the last a check digit.

    Of the first ten, exactly one digit stands there more than once: twice, or (since 2016) three times, but not three
    times in a row. One random number in 400 passes.

    Source: Bundeszentralamt für Steuern, "Informationen zur Berechnung gültiger Prüfziffern".
    """

    name = "tax_id"
    kind = TAX_ID
    confidence = 0.95
    pattern = re.compile(rf"[1-9](?<!{SIGN}.)(?<![0-9][.\-–‑].)(?:{'|'.join(map(_shape, _GROUPS))}){AFTER}")

    def is_valid(self, characters: str) -> bool:
        """By repetition, then by check digit."""
        own = characters[:10]
        repeated = [count for count in Counter(own).values() if count > 1]
        if len(repeated) != 1 or repeated[0] > 3 or _RUN.search(own):
            return False
        return iso_7064_mod_11_10(own) == int(characters[10])
