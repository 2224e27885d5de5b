"""People whom a ruling calls by an initial and nothing else: "dass K. der Zeugin folgte"."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.triggers import Trigger

_INITIAL = re.compile(r"[A-ZÄÖÜ](?<![^\s(\"„].)(?:[a-z]?\.(?:\s[A-ZÄÖÜ]\.)?)?(?:\s?(?:…|\.\.\.))?(?=\s[a-zäöü(])")
_BEFORE = re.compile(
    r"(?:^|[.:;)]\s|\b(?:der|die|an|von|durch|für|gegen|mit|dass|ob|sich|wie|als|während|nachdem|weil|da|und)\s)$", re.IGNORECASE
)
# what only somebody does, in the tenses of facts and of reported speech
_VERB = re.compile(
    r"\s(?:selbst\s)?(?:hat(?:te)?|hätte|habe|ist|sei|war|wurde|werde|wird|würde|gab|fuhr|schloss|nahm|ging|kam|rief|trug|schlug|sah|bat"
    r"|\w+(?:ierte|erte|elte|igte|llte|chte|tzte|ärte|hrte|ckte|agte|nnte|rfte|sste)|bereits|während|zu\sverlangen|in\sUntersuchungshaft"
    r"|erbrachten?|geleisteten?|ausgeübten?|unterzeichneten?|zustand|anwesend)\b"
)
_ARTICLE = re.compile(
    r"\b(?:die Therapie|[Ll]eben|[Aa]ntrag\w*|[Uu]nterhalt\w*|[Aa]ufenthalt|[Kk]indergeld|[Aa]nsprüche|[Aa]ngaben|[Bb]ehandlung|[Vv]erteidigung)\s(?:der|des|für|an)\s$"
)


class PersonByInitial(BaseRecogniser):
    """An initial that does, gets or suffers something.

    Of an anonymous text nobody is to be told, so the confidence is low, and letters of lists are among the findings.
    """

    name = "person_by_initial"
    kind = PERSON
    trigger = Trigger(pattern=re.compile(r" [A-ZÄÖÜ](?:\.|[a-z]\.)? [a-z]"))

    def find(self, text: str) -> Iterator[Finding]:
        """Initials between words of which one asks for a person."""
        for found in _INITIAL.finditer(text):
            before = text[max(0, found.start() - 40) : found.start()]
            acts = _BEFORE.search(before) is not None and _VERB.match(text, found.end()) is not None
            if acts or _ARTICLE.search(before):
                yield self.finding(found.start(), found.end(), 0.45)
