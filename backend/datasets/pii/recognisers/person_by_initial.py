"""People whom a ruling calls by an initial and nothing else: "dass K. der Zeugin folgte"."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.triggers import Trigger

_INITIAL = re.compile(
    r"[A-ZÄÖÜ](?<![^\s(\"„].)(?:[a-z]?\.(?:\s[A-ZÄÖÜ]\.)?)?(?:\s?(?:…|\.\.\.))?(?=\s[^\W\d_]|\s\(|[,.)])"
)
_BEFORE = re.compile(
    r"(?:^|[.:;)\]]\s|\b(?:der|die|an|von|durch|für|gegen|mit|dem|dass|ob|sich|wie|als|während|nachdem|weil|da"
    r"|und|wonach|wo|moment,)\s)$",
    re.IGNORECASE,
)
# what only somebody does, in the tenses of facts and of reported speech
_VERB = re.compile(
    r"\s(?:(?:selbst|seinerseits|ihrerseits)\s)?(?:hat(?:te)?n?|hätten?|haben?|ist|sei|war|wurde|werde|wird|würde"
    r"|gab|fuhr|schloss|nahm"
    r"|ging|kam|rief|trug|schlug|sah|bat|übe|bestreite|zu\sverlangen|in\sUntersuchungshaft|zustand|anwesend"
    r"|als\s\w+erin|während|bereits"
    r"|\w+(?:ierte|erte|elte|igte|llte|chte|tzte|ärte|hrte|ckte|agte|nnte|rfte|sste)n?|\w+(?:ten|ene|enen)\s[A-ZÄÖÜ])\b"
)
_VERB_BEFORE = re.compile(
    r"\b(?:habe|hatte|erhielt|nahm|verfügte|stellte|erklärte|führte|begann|verlangte|beantragte)\s$"
)
_TO = re.compile(r"\b(?:an|von|durch|gegen|für|auf|des|der|versicherten|beteiligten|Bruder|Schwester|nämlich)\s$")
# "der a. F.", "Nr. B.": letters of other kinds
_NO_PERSON = re.compile(r"(?:\b[a-z]\.|§\s\S+|Buchstaben?|Anlagen?|Nr\.|Ziff\.|Abs\.|Typ|Klasse|Gruppe)\s(?:und\s)?$")


class PersonByInitial(BaseRecogniser):
    """An initial that does, gets or suffers something.

    Of an anonymous text nobody is to be told, so the confidence is low, and letters of lists are among the findings.
    """

    name = "person_by_initial"
    kind = PERSON
    trigger = Trigger(pattern=re.compile(r"[A-ZÄÖÜ](?<![^\s(].)(?:[a-z]?\.)?\s[a-z(]"))

    def find(self, text: str) -> Iterator[Finding]:
        """Initials between words of which one asks for a person."""
        for found in _INITIAL.finditer(text):
            before = text[max(0, found.start() - 40) : found.start()]
            if not _NO_PERSON.search(before) and _is_somebody(before, found[0], text, found.end()):
                yield self.finding(found.start(), found.end(), 0.45)


def _is_somebody(before: str, initial: str, text: str, end: int) -> bool:
    if _BEFORE.search(before) and _VERB.match(text, end):
        return True
    return _VERB_BEFORE.search(before) is not None or ("." in initial and _TO.search(before) is not None)
