"""People in forms and below letters: "Name: Krause", "gez. Lindner"."""

import re
from types import MappingProxyType

from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.names.likeness import LISTED, SHAPED, UNKNOWN
from backend.datasets.pii.people import AnnouncedNames
from backend.datasets.pii.triggers import Trigger

_WORDS = """
Name Namen Vorname Nachname Familienname Geburtsname Ansprechpartner Ansprechpartnerin Bearbeiter Bearbeiterin
Sachbearbeiter Sachbearbeiterin Grüßen Unterschrift
"""


class PersonByLabel(AnnouncedNames):
    """The name of a form's field, or the one below a greeting."""

    name = "person_by_label"
    kind = PERSON
    trigger = Trigger(
        parts=("gez. ",),
        words=frozenset(_WORDS.split()),
    )
    announcement = re.compile(
        r"(?:(?:Namen?|(?:Vor|Nach|Familien|Geburts)name|Ansprechpartner(?:in)?|(?:Sachb|B)earbeiter(?:in)?"
        r"|Unterschrift)\s?[:|]\s*"
        r"|gez\.\s|Mit freundlichen Grüßen\s*\n\s*(?:(?:gez|i\.\s?[AV])\.\s*)?)(?=[^\W\d_])"
    )
    confidences = MappingProxyType({LISTED: 0.9, SHAPED: 0.85, UNKNOWN: 0.7})
