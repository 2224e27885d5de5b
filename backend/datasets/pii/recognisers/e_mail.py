"""Addresses of electronic mail."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.codes import Code
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.triggers import Trigger

_AT = r"(?:@|[ \u00a0]@[ \u00a0]|\s?[\[({]\s?(?:at|ät)\s?[\])}]\s?)"
_DOT = r"(?:\.|\s?[\[({]\s?(?:dot|punkt)\s?[\])}]\s?)"
_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
# in plain words only both: "at" alone is English
_WORDS = rf" (?-i:at|AT) (?P<spelt>{_LABEL}(?: (?:dot|punkt) {_LABEL}){{1,5}})"
# the part before the sign is read backwards from it, since a text has many words and few signs
_DOMAIN = re.compile(rf"{_AT}(?P<domain>{_LABEL}(?:{_DOT}{_LABEL}){{1,5}})|{_WORDS}", re.IGNORECASE)
_BEFORE = re.compile(r"[\w.!#$%&'’*+/=?^`{|}~\-]{1,64}$|(?P<quoted>\"[^\"\n]{1,62}\")$")
_DOTS = re.compile(rf"{_DOT}| (?:dot|punkt) ", re.IGNORECASE)
_RESERVED = re.compile(r"(?i)^(?:invalid|test|example|localhost)$")


def _pseudonym(code: Code, _found: str) -> str:
    """Nobody can have an address below `.invalid` (RFC 2606)."""
    return f"person-{code.word.lower()}@anonym.invalid"


E_MAIL = Kind("e_mail", "E-Mail", shape=_pseudonym)


class EMailRecogniser(BaseRecogniser):
    """Addresses as they are sent to, and as they are written to be hidden: "name (at) amt.de".

    Addresses in domains that are reserved for examples are nobody's.
    """

    name = "e_mail"
    kind = E_MAIL
    trigger = Trigger(parts=("@", " at ", " AT "), pattern=re.compile(r"[(\[{]\s?[aä]t\s?[)\]}]"))

    def find(self, text: str) -> Iterator[Finding]:
        """Addresses with a domain of two labels or more, the last one of letters."""
        for found in _DOMAIN.finditer(text):
            labels = _DOTS.split(found["domain"] or found["spelt"])
            own = _BEFORE.search(text, max(0, found.start() - 64), found.start())
            last = labels[-1]
            if own is None or len(last) < 2 or last[:1].isdigit() or _RESERVED.search(last):
                continue
            start = own.start() if own["quoted"] else _trimmed(text, own.start())
            yield self.finding(start, found.end(), 0.98 if "@" in found[0] else 0.85)


def _trimmed(text: str, start: int) -> int:
    while not (text[start].isalnum() or text[start] == "_"):
        start += 1
    return start
