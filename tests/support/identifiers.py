"""Valid identifiers of people, made by other formulations of the rules than those that are tested, and broken ones.

Check digits are found by trying: a rule that can only check is written here, once more and differently.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DOCUMENT_LETTERS = "CFGHJKLMNPRTVWXYZ"


@dataclass(frozen=True)
class Identifier:
    """A kind of identifier: how valid ones are made, how they are grouped, and where the check digits stand.

    Some are grouped in `other` ways, too, with `gaps` of their own, or have a nationality as their `endings`.
    """

    kind: str
    valid: st.SearchStrategy[str]
    groups: Sequence[int]
    check: slice
    other: Sequence[Sequence[int]] = ()
    gaps: Sequence[str] = ("", " ")
    endings: Sequence[str] = ("",)


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=count, max_size=count)


def _completed(own: st.SearchStrategy[str], is_valid: Callable[[str], bool]) -> st.SearchStrategy[str]:
    """With the one digit at the end that makes it valid; what none makes valid is not given out at all."""
    candidates = own.map(lambda begin: [begin + digit for digit in DIGITS if is_valid(begin + digit)])
    return candidates.filter(bool).map(lambda fitting: fitting[0])


def mod_11_10_holds(digits: str) -> bool:
    """ISO 7064 in its recursive form: the check digit takes part, and 1 is left."""
    left = 10
    for digit in digits[:-1]:
        left = (((left + int(digit)) % 10 or 10) * 2) % 11
    return (left + int(digits[-1])) % 10 == 1


def luhn_holds(digits: str) -> bool:
    doubled = {digit: sum(map(int, str(2 * int(digit)))) for digit in DIGITS}
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(map(int, odd)) + sum(doubled[digit] for digit in even)) % 10 == 0


def _letter(letter: str) -> str:
    return f"{DIGITS.find(letter) if letter.isdigit() else ord(letter) - 64:02d}"


def health_holds(number: str) -> bool:
    spelt = _letter(number[0]) + number[1:-1]
    total = sum(sum(map(int, str(int(digit) * (1 + place % 2)))) for place, digit in enumerate(spelt))
    return total % 10 == int(number[-1])


def pension_holds(number: str) -> bool:
    spelt = number[:8] + _letter(number[8]) + number[9:11]
    weighted = (str(int(digit) * int(weight)) for digit, weight in zip(spelt, "212571212121", strict=True))
    return sum(map(int, "".join(weighted))) % 10 == int(number[11])


def document_holds(field: str) -> bool:
    """Of a machine readable field; letters count from A = 10, the filler nothing."""
    values = [0 if each == "<" else DIGITS.find(each) if each in DIGITS else ord(each) - 55 for each in field[:-1]]
    return (7 * sum(values[::3]) + 3 * sum(values[1::3]) + sum(values[2::3])) % 10 == int(field[-1])


def _iban(country: str, account: str) -> str:
    spelt = "".join(str(DIGITS.find(each) if each in DIGITS else ord(each) - 55) for each in f"{account}{country}00")
    return f"{country}{98 - int(spelt) % 97:02d}{account}"


@st.composite
def _tax_digits(draw: st.DrawFn) -> str:
    """Ten digits of which one stands there twice, or three times but not in a row."""
    order = draw(st.permutations(DIGITS))
    repeated, times = order[0], draw(st.sampled_from((2, 3)))
    own = list(draw(st.permutations([repeated] * times + order[1 : 11 - times])))
    return "".join(own)


@st.composite
def _birthday(draw: st.DrawFn) -> str:
    date = draw(st.dates())
    return f"{date.day:02d}{date.month:02d}{date.year % 100:02d}"


_areas = st.integers(2, 89).map(lambda area: f"{area:02d}")
_capitals = st.sampled_from(LETTERS)


def _account(country: str, structure: str) -> Identifier:
    """Of a country whose accounts have digits (n), letters (a) or both (c): "a4n14"."""
    sets = {"n": DIGITS, "a": LETTERS, "c": LETTERS + DIGITS}
    kinds = "".join(kind * int(count) for kind, count in re.findall(r"([nac])(\d+)", structure))
    accounts = st.tuples(*(st.sampled_from(sets[kind]) for kind in kinds)).map("".join)
    fours, rest = divmod(4 + len(kinds), 4)
    groups = (4,) * fours + (rest,) * bool(rest)
    return Identifier("iban", accounts.map(lambda account: _iban(country, account)), groups, slice(2, 4))


def small(identifier: Identifier, gaps: Sequence[str] = ("",)) -> Identifier:
    """In small letters."""
    return replace(identifier, valid=identifier.valid.map(str.lower), gaps=gaps)


def _serial(first: str) -> st.SearchStrategy[str]:
    """Nine characters, three of which are digits in any case."""
    rest = st.text(DOCUMENT_LETTERS + DIGITS, min_size=5, max_size=5)
    return _completed(st.builds("{}{}{}".format, st.sampled_from(first), rest, _digits(3)), document_holds)


_DASHES = ("", " ", "-", "–")
TAX_ID = Identifier(
    "tax_id",
    _completed(
        _tax_digits().filter(lambda own: own[0] != "0" and not any(3 * digit in own for digit in DIGITS)),
        mod_11_10_holds,
    ),
    (2, 3, 3, 3),
    slice(10, 11),
    gaps=_DASHES,
)
VAT_ID = Identifier(
    "vat_id",
    _completed(st.builds("{}{}".format, st.sampled_from(DIGITS[1:]), _digits(7)), mod_11_10_holds).map("DE{}".format),
    (2, 3, 3, 3),
    slice(10, 11),
    other=((2, 2, 2, 2, 3),),
)
GERMAN_IBAN = _account("DE", "n18")
BRITISH_IBAN = _account("GB", "a4n14")
SMALL_IBANS = tuple(
    small(_account(country, structure), ("", " "))
    for country, structure in (
        *(("NL", "a4n10"), ("GB", "a4n14"), ("IE", "a4n14"), ("FR", "n10c11n2"), ("IT", "a1n10c12"), ("LU", "n3c13")),
        *(("CH", "n5c12"), ("MT", "a4n5c18"), ("RO", "a4c16"), ("TR", "n6c16")),
    )
)
PENSION_NUMBER = Identifier(
    "pension_number",
    _completed(st.builds("{}{}{}{}".format, _areas, _birthday(), _capitals, _digits(2)), pension_holds),
    (2, 6, 1, 3),
    slice(11, 12),
    gaps=_DASHES,
)
HEALTH_INSURANCE_NUMBER = Identifier(
    "health_insurance_number",
    _completed(st.builds("{}{}".format, _capitals, _digits(8)), health_holds),
    (1, 3, 3, 3),
    slice(9, 10),
    other=((1, 8, 1), (9, 1), (4, 4, 2)),
)
IDENTITY_CARD = Identifier("identity_card", _serial("LMNPRTVWXYZ"), (9, 1), slice(9, 10), endings=("", "D", "D<<"))
OLD_IDENTITY_CARD = Identifier(
    "identity_card", _completed(_digits(9), document_holds).map("{}D".format), (11,), slice(9, 10)
)
PASSPORT = Identifier("passport", _serial("CFGHJK"), (9, 1), slice(9, 10), endings=("", "D", "D<<"))
VISA = Identifier("credit_card", _completed(_digits(14).map("4{}".format), luhn_holds), (4, 4, 4, 4), slice(15, 16))
AMERICAN_EXPRESS = Identifier(
    "credit_card",
    _completed(st.builds("3{}{}".format, st.sampled_from("47"), _digits(12)), luhn_holds),
    (4, 6, 5),
    slice(14, 15),
)
MASTERCARD = Identifier(
    "credit_card",
    _completed(st.builds("5{}{}".format, st.sampled_from("12345"), _digits(13)), luhn_holds),
    (4, 4, 4, 4),
    slice(15, 16),
)
ALL = (
    *(TAX_ID, VAT_ID, GERMAN_IBAN, BRITISH_IBAN, PENSION_NUMBER, HEALTH_INSURANCE_NUMBER, IDENTITY_CARD),
    *(OLD_IDENTITY_CARD, PASSPORT, VISA, AMERICAN_EXPRESS, MASTERCARD, _account("VA", "n18"), *SMALL_IBANS),
    *map(small, (VAT_ID, HEALTH_INSURANCE_NUMBER)),
)


@st.composite
def written(draw: st.DrawFn, identifier: Identifier) -> str:
    """Valid ones, in one piece or in groups."""
    return _spelt(draw, identifier, draw(identifier.valid))


def _spelt(draw: st.DrawFn, identifier: Identifier, number: str) -> str:
    gap = draw(st.sampled_from(identifier.gaps))
    groups = draw(st.sampled_from((identifier.groups, *identifier.other)))
    # what is printed behind the check digit touches it
    ending = draw(st.sampled_from(identifier.endings)) if gap == "" else ""
    return grouped(number, groups, gap) + ending


def grouped(number: str, groups: Sequence[int], gap: str) -> str:
    pieces, place = [], 0
    for length in groups:
        pieces.append(number[place : place + length])
        place += length
    return gap.join(pieces)


@st.composite
def broken(draw: st.DrawFn, identifier: Identifier) -> str:
    """A valid one whose check digits were changed."""
    number = draw(identifier.valid)
    right = number[identifier.check]
    wrong = draw(_digits(len(right)).filter(lambda digits: digits != right))
    changed = number[: identifier.check.start] + wrong + number[identifier.check.stop :]
    return _spelt(draw, identifier, changed)
