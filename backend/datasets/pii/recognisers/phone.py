"""Telephone and fax numbers, in the forms that are usual in Germany."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import MARKS, SIGN
from backend.datasets.pii.iban_registry import is_inside_account
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

_ANNOUNCED = re.compile(
    rf"(?i)(?:(?<!{SIGN})(?:tel(?:efon|efax)?|(?:tele)?fax|fon|mobil(?:funk|telefon)?|handy)|ruf|durchwahl|erreichbar|☎|✆)"
    rf"[\w.\-]{{0,12}}[\s:()/{MARKS}]{{0,6}}(?:(?:unter|ist|lautet|der|nummer|nr\.?)\s?){{0,3}}:?\s?[{MARKS}]{{0,3}}$"
)
# file numbers, papers and amounts have the same shapes
_OTHER = re.compile(r"(?i)(?:nr\.?|nummer|az\.?|aktenzeichen|zeichen|drs\.?|drucksache|konto|blz|§+|art\.?)[\s:*_]*$")
_GAP = "[ \u00a0\u202f/\\-.–]"
# zeros behind digits, or behind the single letter of a pension's number, are part of something else
_ABROAD = re.compile(
    rf"(?:\+(?<!{SIGN}.)[1-9]|00(?<!{SIGN}..)(?<![0-9][\s.,/\-–‑]..)(?<![0-9\s\-–‑][A-Z][\s.\-–‑]..)[1-9]|\((?:\+|00)[1-9][0-9]{{0,2}}\){_GAP}{{0,2}}[1-9])"
    rf"(?:{_GAP}{{0,3}}(?:\(0?[0-9]{{0,5}}\)|[0-9])){{7,14}}(?!{SIGN}|/)"
)
_AREA = re.compile(
    rf"(?:\(0[1-9][0-9]{{1,4}}\){_GAP}{{0,2}}|0[1-9][0-9]{{1,4}}(?:{_GAP}|\s[/–-]\s))"
    rf"[1-9](?:(?: ?[\-–/] ?|[ \u00a0])?[0-9]){{2,9}}(?!{SIGN}|[.,/][0-9])"
)
# groups of two, as they were printed once; only announced
_OLD = re.compile(
    r"(?:\(0(?:[ \u00a0]?[0-9]){2,4}\) ?|0(?:[ \u00a0]?[0-9]){2,4}(?: ?[/\-–.] ?|[ \u00a0]))"
    rf"[1-9](?:(?: ?[\-–/] ?|[ \u00a0])?[0-9]){{2,9}}(?!{SIGN}|[.,/][0-9])"
)
_COMPACT = re.compile(rf"0[1-9][0-9]{{7,11}}(?!{SIGN}|[.,/\-][0-9])")
# a word, or groups of another number whose last one begins with a zero
_INSIDE = re.compile(rf"(?:{SIGN}|{SIGN}[.,/\-–‑_]|(?:[0-9]{{3,6}}[ \u00a0]){{2}}|[0-9]{{6}}[ \u00a0][A-Z][ \u00a0])$")
_NEAR = 40
# digits of a number with its country, in both spellings of that
_FEWEST, _MOST = 9, 15
_TAX_PSEUDONYM = 11


def _normalise(found: str) -> str:
    digits = without_separators(found.replace("(0)", ""))
    for prefix in ("0049", "49"):
        if digits.startswith(prefix) and found.lstrip("( ").startswith(("+", "00")):
            return "0" + digits.removeprefix(prefix)
    return digits


PHONE = Kind("phone", "Telefonnummer", _normalise)


class PhoneRecogniser(BaseRecogniser):
    """Numbers with +49 or an area code; without a word that announces them, only such as can hardly be others."""

    name = "phone"
    kind = PHONE
    trigger = Trigger(is_number=True, pattern=re.compile(rf"[+0](?<![0-9].)[ \u00a0]?[0-9](?:[0-9]|{_GAP}|[()]){{4}}"))

    def find(self, text: str) -> Iterator[Finding]:
        """Numbers abroad, with an area code apart, and in one piece."""
        for found in _ABROAD.finditer(text):
            before = text[max(0, found.start() - _NEAR) : found.start()]
            if _is_abroad(found[0], before) and not is_inside_account(text, found.start()):
                yield self.finding(found.start(), found.end(), 0.9)
        for shape, confidence in ((_AREA, 0.65), (_COMPACT, 0.6), (_OLD, None)):
            yield from self._national(text, shape, confidence)

    def _national(self, text: str, shape: re.Pattern[str], unannounced: float | None) -> Iterator[Finding]:
        for found in shape.finditer(text):
            before = text[max(0, found.start() - _NEAR) : found.start()]
            if _INSIDE.search(before) or is_inside_account(text, found.start()):
                continue
            if _ANNOUNCED.search(before):
                yield self.finding(found.start(), found.end(), 0.95)
            elif unannounced and not _OTHER.search(before) and _is_likely(found[0]):
                yield self.finding(found.start(), found.end(), unannounced)


def _is_abroad(number: str, before: str) -> bool:
    """By its digits; what begins with zeros may be a file, and in eleven digits the pseudonym of a tax number."""
    if not _FEWEST <= sum(map(str.isdigit, number)) <= _MOST:
        return False
    if number.startswith(("+", "(")):
        return True
    return len(number) != _TAX_PSEUDONYM and (_ANNOUNCED.search(before) is not None or _OTHER.search(before) is None)


def _is_likely(number: str) -> bool:
    """Whether an unannounced number has a mobile prefix, or a slash or brackets at its area code, and is long."""
    digits = without_separators(number)
    if not 9 <= len(digits) <= 12:
        return False
    is_mobile = digits[:3] in ("015", "016", "017") and len(digits) >= 11
    return (
        is_mobile or number.startswith("(") or re.match(r"0[1-9][0-9]{1,4} ?/ ?[1-9][0-9 \-–]{4,}$", number) is not None
    )
