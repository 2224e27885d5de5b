"""International bank account numbers."""

import re
from collections.abc import Iterator
from itertools import chain

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import mod_97
from backend.datasets.pii.codes import Code
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

# SWIFT IBAN registry: characters of an account number by country
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO FK GT HN HU LB NI PL SV YE",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_LENGTH_OF = {country: length for length, countries in _LENGTHS.items() for country in countries.split()}
_GAP = r"(?:[./\-]|\s{1,2})?"
# looked at without being used up: the next number may begin before the longest one would end
_SHAPE = re.compile(rf"[A-Z](?<!\w.)(?=([A-Z]{_GAP}[0-9]{{2}}(?:{_GAP}[0-9A-Z]){{11,29}}))")
# in small letters only with digits behind them: of prose, one text in a hundred would pass the check
_SMALL = re.compile(rf"[A-Za-z](?<!\w.)(?=([a-z][0-9]{{2}}(?:{_GAP}[0-9]){{11,29}}))")


def _pseudonym(code: Code, found: str) -> str:
    """Its check digits are none: valid ones are 02 to 98."""
    drawn = code.digits(len(found) - 4)
    return next(each for digits in ("00", "01") if mod_97(each := found[:2] + digits + drawn) != 1)


IBAN = Kind("iban", "IBAN", without_separators, _pseudonym)


class IbanRecogniser(BaseRecogniser):
    """Country, check digits, and as many characters as accounts of that country have."""

    name = "iban"
    kind = IBAN
    trigger = Trigger(
        is_number=True,
        pattern=re.compile(
            r"[0-9](?<=[A-Z]{2}.)[0-9]|[0-9](?<=[A-Z]{2}[\s\-].)[0-9][\s./\-]?[0-9A-Z]{4}"
            r"|[0-9](?<=[A-Za-z][a-z].)[0-9][\s./\-]?[0-9]{4}"
        ),
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Valid ones, whatever groups they are written in."""
        for found in chain(_SHAPE.finditer(text), _SMALL.finditer(text)):
            length = _LENGTH_OF.get(text[found.start() : found.start() + 2].upper())
            if length is None:
                continue
            end = _end_of(text, found.start(), found.end(1), length)
            if end is not None and _is_valid(without_separators(text[found.start() : end])):
                yield self.finding(found.start(), end, 0.98)


def _end_of(text: str, start: int, end: int, length: int) -> int | None:
    """Where that many letters and digits end, if a word ends there as well."""
    places = [place for place in range(start, end) if text[place].isalnum()]
    if len(places) < length:
        return None
    last = places[length - 1] + 1
    return None if text[last : last + 1].isalnum() else last


def _is_valid(characters: str) -> bool:
    return "02" <= characters[2:4] <= "98" and mod_97(characters) == 1
