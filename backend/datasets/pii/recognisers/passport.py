"""Passports (Reisepass): serial numbers and machine readable lines."""

import re

from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.travel_documents import SerialNumberRecogniser, document_pseudonym

PASSPORT = Kind("passport", "Passnummer", without_separators, document_pseudonym)


class PassportRecogniser(SerialNumberRecogniser):
    """Two lines of 44 characters, and the number in the second one."""

    name = "passport"
    kind = PASSPORT
    first_letters = "CFGHJK"
    announced = re.compile(r"(?i)pass(?:nummer|port)?(?![a-z])")
    machine_lines = (
        re.compile(
            r"P[A-Z<][A-Z<]{3}[A-Z<]{39}\s*(?P<number>[0-9A-Z<]{9}[0-9])[A-Z<]{3}"
            r"(?P<birth>[0-9]{7})[MFX<](?P<expiry>[0-9]{7})(?P<more>[0-9A-Z<]{14}[0-9<])(?P<check>[0-9])(?![0-9A-Z<])"
        ),
    )
