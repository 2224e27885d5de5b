"""International bank account numbers."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.checksums import mod_97
from backend.datasets.pii.codes import Code
from backend.datasets.pii.edges import SIGN
from backend.datasets.pii.iban_registry import LENGTH_OF, has_structure
from backend.datasets.pii.kinds import Kind, without_separators
from backend.datasets.pii.triggers import Trigger

_GAP = r"(?:[./\-]|\s{1,2})?"
# looked at without being used up: the next number may begin before the longest one would end
_SHAPE = re.compile(rf"[A-Z](?<!{SIGN}.)(?=([A-Z]{_GAP}[0-9]{{2}}(?:{_GAP}[0-9A-Z]){{11,29}}))")
# small letters are looked for behind their country, since every word begins with some
_SMALL = re.compile(rf"[0-9](?<=[A-Za-z]{{2}}.)(?<!{SIGN}..[0-9])(?=([0-9](?:{_GAP}[0-9A-Za-z]){{11,29}}))")
_NEAT = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[0-9A-Za-z]+|(?:[\s.\-][0-9A-Za-z]{4})+(?:[\s.\-][0-9A-Za-z]{1,3})?)")


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
            rf"|[0-9](?<=[A-Za-z]{{2}}.)(?<!{SIGN}..[0-9])[0-9][\s./\-]?[0-9A-Za-z]{{4}}"
        ),
    )

    def find(self, text: str) -> Iterator[Finding]:
        """Valid ones, whatever groups they are written in; those in small letters must not be words of a sentence."""
        for found in _SHAPE.finditer(text):
            end = _end_of(text, found.start(), found.end(1))
            if end is not None and _is_valid(without_separators(text[found.start() : end])):
                yield self.finding(found.start(), end, 0.98)
        for found in _SMALL.finditer(text):
            start = found.start() - 2
            end = _end_of(text, start, found.end(1))
            if end is not None and _is_valid_in_small_letters(text[start:end]):
                yield self.finding(start, end, 0.98)


def _end_of(text: str, start: int, end: int) -> int | None:
    """Where as many letters and digits end as a country's accounts have, if a word ends there as well."""
    length = LENGTH_OF.get(text[start : start + 2].upper())
    if length is None:
        return None
    places = [place for place in range(start, end) if text[place].isalnum()]
    if len(places) < length:
        return None
    last = places[length - 1] + 1
    return None if text[last : last + 1].isalnum() else last


def _is_valid(characters: str) -> bool:
    return "02" <= characters[2:4] <= "98" and mod_97(characters) == 1


def _is_valid_in_small_letters(written: str) -> bool:
    """Digits alone behind the country, or letters where they belong, in one piece or in groups of four.

    Of prose, one text in a hundred would pass the check digits.
    """
    characters = without_separators(written)
    if written.isupper() or not _is_valid(characters):
        return False
    return characters[2:].isdigit() or (_NEAT.fullmatch(written) is not None and has_structure(characters))
