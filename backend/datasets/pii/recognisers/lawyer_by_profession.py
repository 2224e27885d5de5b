"""Lawyers and notaries by their profession: "Rechtsanwältin Lindner", "die Rechtsanwälte T., M. und Dr. K."."""

import re
from types import MappingProxyType

from backend.datasets.pii.names.kinds import LAWYER
from backend.datasets.pii.names.likeness import LISTED, SHAPED, UNKNOWN
from backend.datasets.pii.people import AnnouncedNames
from backend.datasets.pii.triggers import Trigger

_FORMS = [
    f"{kind}anw{form}"
    for kind in ("Rechts", "Patent", "Staats", "Oberstaats", "Bundes", "Fach", "Syndikus", "Syndikusrechts")
    for form in ("ältinnen", "ältin", "älten", "älte", "altes", "alts", "alt")
]
_FORMS += [
    word + ending
    for word in ("Notar", "Verteidiger", "Pflichtverteidiger", "Wahlverteidiger", "Strafverteidiger")
    for ending in ("innen", "in", "en", "es", "s", "n", "")
]


class LawyerByProfession(AnnouncedNames):
    """Names behind the profession, in lists, too."""

    name = "lawyer_by_profession"
    kind = LAWYER
    trigger = Trigger(words=frozenset(_FORMS))
    least = UNKNOWN
    announcement = re.compile(rf"(?:{'|'.join(_FORMS)}|RAin|RA)(?<!\w\wRA)\s(?=[^\W\d_])")
    confidences = MappingProxyType({LISTED: 0.97, SHAPED: 0.96, UNKNOWN: 0.55})
