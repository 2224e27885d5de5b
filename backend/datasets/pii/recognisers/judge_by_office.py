"""Judges by their office: "Richterin am Bundesgerichtshof Dr. Lindner", "die Richter Krause, Dr. Maier und Voss"."""

import re
from types import MappingProxyType

from backend.datasets.pii.names.kinds import JUDGE
from backend.datasets.pii.names.likeness import LISTED, SHAPED, UNKNOWN
from backend.datasets.pii.names.reading import Name
from backend.datasets.pii.people import AnnouncedNames
from backend.datasets.pii.triggers import Trigger

_COURT = (
    r"(?:[A-Z][A-Za-z]?[A-Z][A-Za-z]*|(?:Bundes|Land|Ober|Amts|Verwaltungs|Sozial|Arbeits|Finanz|Kammer"
    r"|Verfassungs|Staats)\w*"
    r"(?:\s(?:(?:Frankfurt|Halle|Freiburg|Kempten)\s(?:\(\w+\)|a[mn]\.?\s\w+|i\w*\s\w+)|[A-ZÄÖÜ][a-zäöüß]+(?=\s"
    r"(?:Prof\.|Dr\.|[A-ZÄÖÜ]))))?)"
)
_OFFICE = r"(?:Vorsitzende[nrs]?\s)?Richter(?:innen|in|n|s)?"
_BENCH = rf"{_OFFICE}(?:\s(?:am|an|des|der|beim|im)\s{_COURT})?"
_HEADS = (
    rf"(?:Vizep|P)räsident(?:en|in)?\sdes\s{_COURT}|Direktor(?:s|in)?\sdes\s{_COURT}|Berichterstatter(?:s|in)?"
    rf"|Vorsitzende[nr]"
)
_SHORT = (
    r"V?Ri(?:n|in)?(?:\s?a(?:m)?\s?)?(?:BGH|BAG|BSG|BFH|BVerwG|BVerfG|BPatG|LG|OLG|KG|AG|VG"
    r"|OVG|VGH|SG|LSG|FG|ArbG|LAG)"
)
_WORDS = """
Richter Richtern Richters Richterin Richterinnen Vorsitzende Vorsitzenden Vorsitzender Berichterstatter
Berichterstatterin Präsident Präsidentin Direktor Direktorin Ri Rin
"""


class JudgeByOffice(AnnouncedNames):
    """Names behind the office; lists of judges go on until something else is said."""

    name = "judge_by_office"
    kind = JUDGE
    trigger = Trigger(
        words=frozenset(_WORDS.split()),
        parts=("RiBGH", "VRi"),
    )
    least = UNKNOWN
    announcement = re.compile(rf"(?:{_BENCH}|{_HEADS}|{_SHORT})(?<!\wVorsitzende)\s(?=[^\W\d_])")
    confidences = MappingProxyType({LISTED: 0.97, SHAPED: 0.96, UNKNOWN: 0.6})

    def confidence(self, name: Name, announced: re.Match[str]) -> float | None:
        """An office that is spelt out leaves no doubt over a name that no list has."""
        told = super().confidence(name, announced)
        is_spelt_out = announced[0].startswith("Vors") or re.search(r"\s(?:am|an|des|beim)\s|Ri[A-Zan]", announced[0])
        return told if told is None or name.is_anonymous or not is_spelt_out else max(told, 0.85)
