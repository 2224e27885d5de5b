"""How norms are cited: the patterns of numbers and parts, and the keys made of them."""

import re
import unicodedata
from collections.abc import Sequence

JOINT = "ǂ"  # a letter to every tokenizer, and one that no German word has
SHORT = JOINT + "kurz"
WORD = re.compile(r"[^\W_]+")
_ONE = r"[0-9]+[a-z]{0,3}\b"
# it begins with a set of letters, since a search for one is quick, and one for a word's edge is not
CITED = re.compile(
    r"(?P<kind>§|[Pp](?<![^\W_][Pp])aragra(?:ph|f)(?:en)?\b"
    r"|[Aa](?<![^\W_][Aa])(?:rt(?:ikel|\b\.?)|nlage\b|nhang\b))§?\s*"
    rf"(?P<numbers>{_ONE}(?:\s*(?:,|und|bis|u\.|-|–)\s*{_ONE})*|[ivxlcdmIVXLCDM]+\b)"
)
_ROMAN_OR_NUMBER = re.compile(rf"{_ONE}|[ivxlcdm]+\b")
# "§ 433 Abs. 1 Satz 2 BGB": parts of a section stand between its number and its law
PARTS = frozenset(("abs", "absatz", "unterabs", "unterabsatz", "satz", "s", "nr", "nummer", "ziff", "ziffer", "lit"))
PARTS |= {"halbsatz", "hs", "alt", "alternative", "buchst", "buchstabe", "nrn", "nummern", "sätze", "absätze"}
FILLERS = frozenset(("des", "der", "dem", "den", "die", "das", "f", "ff", "von", "vom", "zum", "zur", "im", "in"))


def folded(text: str) -> str:
    """One spelling for what readers take for one word: composed letters, "ss" for "ß"."""
    return unicodedata.normalize("NFC", text).replace("ß", "ss").replace("ẞ", "SS")


def norm_key(kind: str, number: str, name: str) -> str:
    """Key of a section: what kind of section ("§", "art", "artikel", "anlage" …), its number, its law's name."""
    return JOINT.join(("par" if kind == "§" else kind[:3], number, name))


def single_numbers(numbers: str) -> Sequence[str]:
    """Numbers of a citation in lower case: "433, 434 und 437"."""
    return _ROMAN_OR_NUMBER.findall(numbers)
