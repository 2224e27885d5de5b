"""Identity cards (Personalausweis): serial numbers and machine readable lines."""

import re

from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.travel_documents import SerialNumberRecogniser, document_pseudonym

IDENTITY_CARD = Kind("identity_card", "Ausweisnummer", without_separators, document_pseudonym)


class IdentityCardRecogniser(SerialNumberRecogniser):
    """Cards since 2010 (three lines of 30) and older ones (two lines of 36, or ten digits and a D)."""

    name = "identity_card"
    kind = IDENTITY_CARD
    first_letters = "LMNPRTVWXYZ"
    announced = re.compile(r"(?i)ausweis")
    machine_lines = (
        re.compile(
            r"I[D<]D<<(?P<number>[0-9A-Z]{9}[0-9])(?P<optional>[0-9A-Z<]{15})\s*"
            r"(?P<birth>[0-9]{7})[MFX<](?P<expiry>[0-9]{7})D<<(?P<more>[0-9A-Z<]{11})(?P<check>[0-9])(?:\s*[A-Z<]{30}"
            r"(?![A-Z<]))?"
        ),
        re.compile(
            r"(?:I[DT<]D<<[A-Z<]{31}\s*|(?<!\w))(?P<number>[0-9A-Z]{9}[0-9])D<<(?P<birth>[0-9]{7})[MFX<]"
            r"(?P<expiry>[0-9]{7})(?P<more><{7})(?P<check>[0-9])(?!\w)"
        ),
    )
