"""People in citations: parties of published cases ("Kaya v. Türkei"), authors ("J. Lindner et al.", "Lindner, J.:")."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.common_words import is_common
from backend.datasets.pii.names.grammar import INITIAL, LOWER, SURNAME, UPPER
from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.triggers import Trigger

_PARTY = rf"(?:[{UPPER}][{LOWER}]+(?:-[{UPPER}][{LOWER}]+)?)(?:\s[{UPPER}][{LOWER}]+(?:-[{UPPER}][{LOWER}]+)?){{0,2}}"
_CASE = re.compile(rf"(?P<first>{_PARTY})(?:\s(?:und|and|u\.)\s(?P<second>{_PARTY}))?\s[vc]\.\s[{UPPER}]")
_AUTHOR = re.compile(
    rf"(?P<first>(?:{INITIAL}\s?){{1,3}}{SURNAME})(?=,?\set\sal\.)|(?P<second>{SURNAME}\s?,\s{INITIAL}"
    rf"(?:\s?{INITIAL})?)(?=\s?(?:[:;]|,?\set\sal\.))"
)


class PersonByCitation(BaseRecogniser):
    """Names that are public already; a policy may treat them as everybody's."""

    name = "person_by_citation"
    kind = PERSON
    trigger = Trigger(parts=(" v. ", " c. ", "et al."), pattern=re.compile(r"\.(?<=[A-ZÄÖÜÅ].)[:;]"))

    def find(self, text: str) -> Iterator[Finding]:
        """Parties and authors."""
        for pattern in (_CASE, _AUTHOR):
            for found in pattern.finditer(text):
                for part in ("first", "second"):
                    if found[part] and (shift := _nouns_before(found[part])) is not None:
                        yield self.finding(found.start(part) + shift, found.end(part), 0.6)


def _nouns_before(name: str) -> int | None:
    """Length of the nouns that a name begins with ("Verfahren Kaya"); None if its last word is one as well."""
    shift = 0
    for word in re.finditer(r"[^\s,]+", name):
        if is_common(word[0]):
            shift = word.end() + 1
    return shift if shift < len(name) else None
