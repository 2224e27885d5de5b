"""Sets of code points and the two shapes in which rules use them: Python sets, and classes for regular expressions.

Source: the character classes of spaCy 3.8 (MIT licence, Explosion GmbH), said here as blocks and Unicode properties.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

# blocks of Latin, Greek and Cyrillic whose letters have a case
_CASED = """41-5a 61-7a c0-d6 d8-f6 f8-1bf 1c4-2af 386 388-38a 38c 38e-38f 391-3a9 3ac-3af 3b1-3c9 3cc-3ce 400-401
    403-40a 40c-40d 410-451 453-45a 45c-45d 490-491 496-497 4a2-4a3 4ae-4af 4ba-4bb 4d8-4d9 4e8-4e9 1d00-1d25 1d6b-1d77
    1d79-1d9a 1e00-1eff 2c60-2c7b 2c7e-2c7f a722-a76f a771-a787 a78b-a78e a790-a7b9 a7fa ab30-ab5a ab60-ab64 ff21-ff3a
    ff41-ff5a"""
# blocks of scripts without case; their letters count as lower and as upper case
_UNCASED = """591-5f4 620-64a 66e-6d5 6e5-6ff 750-77f 8a0-8bd 900-9ff b80-cff d80-dff 1100-137f 2e80-2fdf 2ff0-30ff
    31c0-31ef 3200-4dbf 4e00-9fff ac00-d7af f900-faff fb1d-fbb1 fbd3-fd3d fd50-fdc7 fdf0-fdfb fe30-fe4f fe70-fefc
    1ee00-1eebb 1f200-1f2ff 20000-2a6df 2a700-2ebef 2f800-2fa1f"""
# symbols that came to Unicode too late to be a mark of their own
_LATE_SYMBOLS = """166d 2b97 2bc9 2bff 2e50-2e51 32ff fd40-fd4f fdcf fdfe-fdff 1019c 11fd5-11fdc 11fe1-11ff1 1cf50-1cfc3
    1d1e9-1d1ea 1e14f 1ed2e 1f10d-1f10f 1f16c-1f16f 1f1ad 1f6d5-1f6d7 1f6dd-1f6df 1f6fa-1f6fc 1f7e0-1f7eb 1f7f0
    1f8b0-1f8b1 1f90c-1f90f 1f93f 1f971-1f972 1f977-1f979 1f97b 1f9a3-1f9af 1f9ba-1f9bf 1f9c3-1f9cf 1fa00-1fa53
    1fa70-1fbca"""
_LAST_SYMBOL = 0x1FBFF
# the glottal stop is lower case to the rules, and a hole in the Greek block is upper case
_LOWER_BY_RULE, _UPPER_BY_RULE = {"ʔ"}, {"\u03a2"}


def code_points(ranges: str) -> Iterator[str]:
    """Characters of hexadecimal code points and ranges, separated by white space."""
    for each in ranges.split():
        first, _, last = each.partition("-")
        yield from map(chr, range(int(first, 16), int(last or first, 16) + 1))


def regex_class(characters: Iterable[str]) -> str:
    """The inside of a character class of a regular expression, neighbours joined to ranges."""
    runs: list[list[int]] = []
    for number in sorted(set(map(ord, characters))):
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in runs)


@cache
def letters() -> str:
    """Class of every letter."""
    return regex_class([*code_points(_CASED), *code_points(_UNCASED)])


@cache
def lower_letters() -> frozenset[str]:
    """Lower-case letters, and the letters of scripts without case."""
    cased = {char for char in code_points(_CASED) if char.islower()}
    return frozenset(cased | _LOWER_BY_RULE | set(code_points(_UNCASED)))


@cache
def upper_letters() -> frozenset[str]:
    """Upper-case letters, and the letters of scripts without case."""
    cased = {char for char in code_points(_CASED) if char.isupper()}
    return frozenset(cased | _UPPER_BY_RULE | set(code_points(_UNCASED)))


@cache
def icons() -> frozenset[str]:
    """Symbols that are neither currency nor mathematics: dingbats, arrows, emoji."""
    symbols = {char for char in map(chr, range(_LAST_SYMBOL + 1)) if unicodedata.category(char) == "So"}
    return frozenset(symbols - set(code_points(_LATE_SYMBOLS)))
