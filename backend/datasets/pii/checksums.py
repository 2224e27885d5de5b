"""Check digits of the identifiers that German authorities, banks and insurers give out."""

from collections.abc import Iterable, Sequence
from itertools import cycle

# Machine readable documents weigh characters so (ICAO Doc 9303 part 3, 4.9): digits as they are, letters from 10
_DOCUMENT_WEIGHTS = (7, 3, 1)


def iso_7064_mod_11_10(digits: str) -> int:
    """The check digit behind some digits.

    Source: ISO 7064, hybrid system MOD 11,10; used by Steuer-ID and USt-IdNr.
    """
    product = 10
    for digit in digits:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10


def mod_97(characters: str) -> int:
    """Remainder of an IBAN, country and check digits first; 1 where it is valid.

    Source: ISO 13616-1, ISO 7064 MOD 97-10.
    """
    turned = characters[4:] + characters[:4]
    return int("".join(str(int(each, 36)) for each in turned)) % 97


def luhn(digits: str) -> int:
    """Remainder of a card number, check digit last; 0 where it is valid.

    Source: ISO/IEC 7812-1, annex B.
    """
    return sum(digit_sums(digits[::-1], (1, 2))) % 10


def digit_sums(digits: str, weights: Sequence[int]) -> Iterable[int]:
    """Digit sums of the weighted digits; weights begin anew where they end."""
    return (sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, cycle(weights), strict=False))


def document_digit(characters: str) -> int:
    """The check digit of a field of a machine readable document; the filler `<` counts nothing.

    Source: ICAO Doc 9303 part 3, 4.9.
    """
    values = (0 if each == "<" else int(each, 36) for each in characters)
    return sum(value * weight for value, weight in zip(values, cycle(_DOCUMENT_WEIGHTS), strict=False)) % 10
