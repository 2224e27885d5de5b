"""Passports (Reisepass): serial numbers and machine readable lines."""

import re

from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.travel_documents import LINE_BREAK, LINE_END, SerialNumberRecogniser, document_pseudonym

PASSPORT = Kind("passport", "Passnummer", without_separators, document_pseudonym)


class PassportRecogniser(SerialNumberRecogniser):
    """Two lines of 44 characters, and the number in the second one."""

    name = "passport"
    kind = PASSPORT
    first_letters = "CFGHJK"
    announced = re.compile(r"(?i)pass(?:nummer|port)?(?![a-z])")
    machine_lines = (
        re.compile(
            rf"P[A-Z<][A-Z<]{{3}}[A-Z<]{{39}}{LINE_BREAK}(?P<number>[0-9A-Z<]{{9}}[0-9])[A-Z<]{{3}}(?P<birth>[0-9]{{7}})"
            rf"[MFX<](?P<expiry>[0-9]{{7}})(?P<more>[0-9A-Z<]{{14}}[0-9<])(?P<check>[0-9]){LINE_END}"
        ),
    )
