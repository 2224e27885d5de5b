"""Which countries have IBANs, what their account numbers are made of, and what has the shape of one.

Source: SWIFT IBAN registry, "BBAN structure"; letters may be digits in half of all countries.
"""

import re

from backend.datasets.pii.edges import SIGN

# n digits, a letters, c either; behind the country and its two check digits
_STRUCTURES = {
    "n11": "NO",
    "n12": "BE",
    "n14": "DK FI FO GL SD",
    "n15": "MK SI",
    "n16": "AT BA EE LT MN XK",
    "n17": "HR",
    "n18": "CR DE ME RS VA",
    "n19": "AE IL SO TL",
    "n20": "CZ ES SE SK TN",
    "n21": "LY PT ST",
    "n22": "IS",
    "n23": "BI DJ MR",
    "n24": "BY HU PL",
    "n25": "EG",
    "a2n12": "FK",
    "a2n16": "GE",
    "a4n10": "NL",
    "a4n14": "GB IE",
    "a4n15": "IQ",
    "a4n16": "VG",
    "a4n20": "HN NI SV",
    "a4n19a3": "MU",
    "a4n20a3": "SC",
    "a1n10c12": "IT SM",
    "a4n4c18": "JO YE",
    "a4n5c18": "MT",
    "a4n6c8": "BG",
    "a4c13": "LV",
    "a4c14": "BH",
    "a4c15": "GI",
    "a4c16": "PK RO",
    "a4c20": "AZ",
    "a4c21": "PS QA",
    "a4c22": "KW",
    "a4c24": "LC",
    "c4n20": "DO",
    "c20": "MD",
    "c24": "GT",
    "n2c18": "SA",
    "n3c13": "KZ LU",
    "n3c16": "OM",
    "n4c20": "LB",
    "n5c12": "CH LI",
    "n6c16": "TR",
    "n6c19": "UA",
    "n7c16": "GR",
    "n8c12": "AD",
    "n8c16": "AL CY",
    "n10c11n2": "FR MC",
    "n14c15": "RU",
    "n23a1c1": "BR",
}


def _pattern(structure: str) -> re.Pattern[str]:
    sets = {"n": "[0-9]", "a": "[A-Z]", "c": "[0-9A-Z]"}
    return re.compile("".join(f"{sets[kind]}{{{count}}}" for kind, count in re.findall(r"([nac])(\d+)", structure)))


def _length(structure: str) -> int:
    return 4 + sum(map(int, re.findall(r"\d+", structure)))


LENGTH_OF = {country: _length(structure) for structure, where in _STRUCTURES.items() for country in where.split()}
"""Characters of an IBAN by country."""

_PATTERN_OF = {country: _pattern(structure) for structure, where in _STRUCTURES.items() for country in where.split()}
# a country, two digits, and groups of four up to the end of what is looked at
_BEGUN = re.compile(
    rf"(?<!{SIGN})(?P<country>[A-Z]{{2}})[0-9]{{2}}(?:[\s./\-][0-9A-Z]{{4}}){{0,7}}[\s./\-]$", re.IGNORECASE
)
_LONGEST = 45


def has_structure(characters: str) -> bool:
    """Whether letters stand only where the account numbers of a country have some.

    Args:
        characters: Of an IBAN, without separators and in capitals, as many as that country's have.
    """
    pattern = _PATTERN_OF.get(characters[:2])
    return pattern is not None and pattern.fullmatch(characters, 4) is not None


def is_inside_account(text: str, place: int) -> bool:
    """Whether something of the shape of an IBAN, valid or not, has begun before a place and goes on there."""
    begun = _BEGUN.search(text, max(0, place - _LONGEST), place)
    if begun is None:
        return False
    written = sum(map(str.isalnum, begun[0]))
    return written < LENGTH_OF.get(begun["country"].upper(), 0)
