"""Which script a text is written in, where it is not Latin."""

import re
import unicodedata
from collections import Counter

_LETTER = re.compile(r"[^\W\d_]")
_FOREIGN_LETTER = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")
_LEAST_LETTERS = 5
# the first word of a letter's name in Unicode, and the script's code in ISO 15924
_CODES = {
    "CYRILLIC": "Cyrl", "GREEK": "Grek", "ARABIC": "Arab", "HEBREW": "Hebr", "CJK": "Hani", "HIRAGANA": "Jpan",
    "KATAKANA": "Jpan", "HANGUL": "Kore", "THAI": "Thai", "DEVANAGARI": "Deva", "GEORGIAN": "Geor", "ARMENIAN": "Armn",
    "BENGALI": "Beng", "TAMIL": "Taml", "ETHIOPIC": "Ethi",
}  # fmt: skip
_OTHER = "Zzzz"


def foreign_script(text: str) -> str | None:
    """ISO 15924 code of the script of most letters, None if most are Latin; "Zzzz" for a script without a name here."""
    foreign = _FOREIGN_LETTER.findall(text)
    if len(foreign) < _LEAST_LETTERS or 2 * len(foreign) <= len(_LETTER.findall(text)):
        return None
    codes = Counter(_code(letter) for letter in foreign)
    return max(codes, key=lambda code: (codes[code], code))


def _code(letter: str) -> str:
    return _CODES.get(unicodedata.name(letter, "").partition(" ")[0], _OTHER)
