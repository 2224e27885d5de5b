"""How a law is called in citations: by its abbreviation, a numbered book of the social code, or its title inflected."""

import re

from shared.database.citations.grammar import JOINT, SHORT, WORD, folded

_TITLE = JOINT + "titel"
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_ENDING = re.compile(r"(?<=[^\W\d_]{4})(?:es|en|er|em|e|s|n)$")
_SOCIAL_CODE = re.compile(r"sgb ?([0-9]{1,2})(?: |$)")
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv")
_ORDINALS = (
    *("erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt"),
    *("acht", "neunt", "zehnt", "elft", "zwölft", "dreizehnt", "vierzehnt"),
)
MAX_TITLE_WORDS = 8


def names(abbreviation: str, title: str) -> list[str]:
    """Names of a law in keys: "AO 1977" is cited as "AO", too, and "BGB" as "Bürgerliches Gesetzbuch"."""
    return list(dict.fromkeys((*abbreviated_names(abbreviation), *_titled(title))))


def abbreviated_names(abbreviation: str) -> list[str]:
    """Names that an abbreviation gives."""
    words = WORD.findall(folded(abbreviation).lower())
    found = ["".join(words)] if words else []
    if len(words) > 1 and _YEAR.fullmatch(words[-1]):
        found.append("".join(words[:-1]) + SHORT)
    book = _SOCIAL_CODE.match(" ".join(words))
    if book and 0 < int(book[1]) <= len(_ROMAN):
        number = int(book[1]) - 1
        found += [f"sgb{_ROMAN[number]}", title_name(f"{_ORDINALS[number]} Buch Sozialgesetzbuch")]
    return found


def title_name(words: str) -> str:
    """The name that some words are as a title, whatever case and number they stand in; empty for no words."""
    stems = [_ENDING.sub("", word) for word in WORD.findall(folded(words).lower())]
    return "".join(stems) + _TITLE if stems else ""


def _titled(title: str) -> list[str]:
    plain = _IN_BRACKETS.sub(" ", title)
    name = title_name(plain) if len(WORD.findall(plain)) <= MAX_TITLE_WORDS else ""
    return [name] if name else []
