"""Identity cards (Personalausweis): serial numbers and machine readable lines."""

import re

from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.travel_documents import LINE_BREAK, LINE_END, SerialNumberRecogniser, document_pseudonym

IDENTITY_CARD = Kind("identity_card", "Ausweisnummer", without_separators, document_pseudonym)


class IdentityCardRecogniser(SerialNumberRecogniser):
    """Cards since 2010 (three lines of 30) and older ones (two lines of 36, or ten digits and a D)."""

    name = "identity_card"
    kind = IDENTITY_CARD
    first_letters = "LMNPRTVWXYZ"
    announced = re.compile(r"(?i)ausweis")
    machine_lines = (
        re.compile(
            rf"I[D<]D<<(?P<number>[0-9A-Z]{{9}}[0-9])(?P<optional>[0-9A-Z<]{{15}}){LINE_BREAK}"
            r"(?P<birth>[0-9]{7})[MFX<](?P<expiry>[0-9]{7})D<<(?P<more>[0-9A-Z<]{11})(?P<check>[0-9])"
            rf"(?:{LINE_BREAK}[A-Z<]{{30}}{LINE_END})?"
        ),
        re.compile(
            rf"(?:I[DT<]D<<[A-Z<]{{31}}{LINE_BREAK}|(?<!{SIGN}))"
            r"(?P<number>[0-9A-Z]{9}[0-9])D<<(?P<birth>[0-9]{7})[MFX<]"
            rf"(?P<expiry>[0-9]{{7}})(?P<more><{{7}})(?P<check>[0-9])(?!{SIGN})"
        ),
    )
