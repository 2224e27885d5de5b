"""People by title and degree: "Herr Krause", "Frau Prof. Dr. Lindner"."""

import re
from types import MappingProxyType

from backend.datasets.pii.names.grammar import DEGREE
from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.names.likeness import LISTED, SHAPED, UNKNOWN
from backend.datasets.pii.people import AnnouncedNames
from backend.datasets.pii.triggers import Trigger

_WORDS = """
Herr Herrn Herren Frau Hr Hrn Fr Fräulein Eheleute Dr Dres Prof Professor
"""


class PersonByTitle(AnnouncedNames):
    """What stands behind a form of address or a degree is a name, unless it is a noun ("Frau Ministerin")."""

    name = "person_by_title"
    kind = PERSON
    trigger = Trigger(words=frozenset(_WORDS.split()))
    announcement = re.compile(
        rf"(?:Herr(?:en|n)?|Frau|Fräulein|Hrn?\.|Fr\.|Eheleuten?)(?:\s(?=[^\W\d_]))(?=\S)|(?<!\w)(?=Dr|Prof"
        rf"|Dres){DEGREE}(?={DEGREE}{{0,8}}[^\W\d_])"
    )
    confidences = MappingProxyType({LISTED: 0.95, SHAPED: 0.9, UNKNOWN: 0.8})
