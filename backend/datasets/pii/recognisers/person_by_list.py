"""People by a first name that is on our list: "Paul Kirchner", "Kirchner, Paul"."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.names.common_words import is_common
from backend.datasets.pii.names.first_names import FIRST_NAMES
from backend.datasets.pii.names.grammar import EDGE, INITIAL, LOWER, PARTICLE, SURNAME, UPPER
from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.names.surnames import SURNAMES, has_ending_of_surnames
from backend.datasets.pii.triggers import Trigger

_FIRST = re.compile(rf"[{UPPER}](?<![\w-].)[{LOWER}]+(?:-[{UPPER}][{LOWER}]+)?{EDGE}")
_REST = re.compile(
    rf"(?P<middle>(?:\s(?:{INITIAL}|[{UPPER}][{LOWER}]+(?:-[{UPPER}][{LOWER}]+)?{EDGE}(?=\s))){{0,2}}?)"
    rf"\s{PARTICLE}?(?P<surname>{SURNAME})"
)
_TURNED = re.compile(rf"(?P<surname>{SURNAME}|[{UPPER}]{{3,}}(?:-[{UPPER}]{{3,}})?)\s?,\s$")
_BEHIND_TURNED = re.compile(r"\s?(?:[:;,)\n/|]|$)")
_ORGANISATION = re.compile(
    r"\s?(?:-|(?:GmbH|AG|KG|e\.\s?V|Verlag|Stiftung|Institut|Gesellschaft|Universität|Hochschule|Schule|Gymnasium"
    r"|Klinik|Haus|Preis"
    r"|Straße|Str\.|Platz|Allee|Weg|Ring|Kirche|&|Co\b))"
)


class PersonByList(BaseRecogniser):
    """A first name with what follows it, or stands before it and a comma; no organisations called after somebody."""

    name = "person_by_list"
    kind = PERSON
    trigger = Trigger(words=FIRST_NAMES)

    def find(self, text: str) -> Iterator[Finding]:
        """Names of two words or more."""
        behind = 0
        for found in _FIRST.finditer(text):
            if found.start() < behind or found[0].split("-")[0] not in FIRST_NAMES:
                continue
            name = self._straight(text, found) or self._turned(text, found)
            if name is not None:
                behind = name.end
                yield name

    def _straight(self, text: str, first: re.Match[str]) -> Finding | None:
        rest = _REST.match(text, first.end())
        if rest is None or _ORGANISATION.match(text, rest.end()):
            return None
        surname = rest["surname"]
        # "Anna Maria Lindner": what looks like a surname may be one more first name
        if surname in FIRST_NAMES and (longer := _REST.match(text, rest.end())) and not longer["middle"]:
            rest, surname = longer, longer["surname"]
        if any(is_common(word) for word in surname.split("-")):
            return None
        return self.finding(first.start(), rest.end(), _confidence(surname))

    def _turned(self, text: str, first: re.Match[str]) -> Finding | None:
        start = max(0, first.start() - 40)
        before = _TURNED.search(text[start : first.start()])
        if before is None or is_common(before["surname"]) or before["surname"] in FIRST_NAMES - SURNAMES:
            return None
        if not _BEHIND_TURNED.match(text, first.end()):
            return None
        return self.finding(start + before.start(), first.end(), _confidence(before["surname"].title()) - 0.1)


def _confidence(surname: str) -> float:
    if surname in SURNAMES:
        return 0.85
    return 0.75 if has_ending_of_surnames(surname) else 0.7
