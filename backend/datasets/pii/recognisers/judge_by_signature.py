"""Judges by the lines below a ruling, in which there is nothing but their names."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.first_names import FIRST_NAMES
from backend.datasets.pii.names.grammar import DEGREE, INITIAL, PARTICLE, SURNAME
from backend.datasets.pii.names.kinds import JUDGE
from backend.datasets.pii.names.likeness import LISTED, NOUN, SHAPED, UNKNOWN, likeness
from backend.datasets.pii.triggers import Trigger

_SIGNED = rf"(?:{DEGREE}{{0,8}}(?:(?:{INITIAL}\s?|[A-ZÄÖÜ][a-zäöüß]+\s){{0,2}}){PARTICLE}?{SURNAME})"
_LINE = re.compile(
    rf"^[ \t|*]*(?P<names>{_SIGNED}(?:(?:[ \t]{{2,}}|[ \t]?[,|/][ \t]*){_SIGNED}){{0,6}})[ \t|*]*$", re.MULTILINE
)
_EACH = re.compile(rf"{DEGREE}{{0,8}}(?P<name>(?:(?:{INITIAL}\s?|[A-ZÄÖÜ][a-zäöüß]+[ \t]){{0,2}}){PARTICLE}?{SURNAME})")
_RULING = re.compile("Senat|Kammer|Revision|Beschluss|Urteil|Klage|Berufung")
_SHORTEST, _LONGEST = 3, 14


class JudgeBySignature(BaseRecogniser):
    """Lines of names in a ruling, or as a text of their own, where a reader cut the ruling into lines.

    Headings and entries of tables are lines of one word, too; so a word alone counts where a list or its ending speaks
    for it, or where the line next to it is one of names.
    """

    name = "judge_by_signature"
    kind = JUDGE
    trigger = Trigger(
        words=frozenset(
            [
                "Richter",
                "Richterin",
                "Senat",
                "Senats",
                "Revision",
                "Klägers",
                "Kläger",
                "Klägerin",
                "Berufung",
                "Tenor",
            ]
        ),
        shortest=40,
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Every name of such lines."""
        if len(text) > self.trigger.shortest and not _RULING.search(text):
            return
        for line in _LINE.finditer(text):
            for found in _EACH.finditer(text, line.start("names"), line.end("names")):
                confidence = _confidence(found["name"], has_degree=found.start("name") > found.start())
                if confidence:
                    yield self.finding(found.start("name"), found.end("name"), confidence)


def _confidence(name: str, *, has_degree: bool) -> float:
    likely = likeness(name)
    words = name.replace(".", " ").split()
    if likely == NOUN or not _SHORTEST <= len(words[-1]) <= _LONGEST * (1 + ("-" in words[-1])):
        return 0.0
    if (
        len(words) == 2
        and words[0].isalpha()
        and len(words[0]) > 2
        and words[0] not in FIRST_NAMES
        and words[0] not in ("von", "van")
    ):
        return 0.0
    if has_degree or likely == LISTED:
        return 0.8
    return {SHAPED: 0.7, UNKNOWN: 0.5}[likely]
