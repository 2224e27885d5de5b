"""Citations of German norms as index words: "§ 35a VwVfG" finds exactly that section.

A bare number is worth nothing to a ranking ("1" stands in half of all sections), and number and law apart find every
section of the law. So a section's number and its law's abbreviation are indexed as one more word, such as
`parǂ35aǂvwvfg`, and a query that cites gets the words it may mean. Laws share the beginnings of their names ("AEG" and
"AEG 1994", "AltersVersErhV" and "AltersVersErhV 2"), so a word counts the more, the more of a name it spells: a query
repeats it, and the ranking adds up.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_JOINT = "ǂ"  # a letter to every tokenizer, and one that no German word has
_SHORT = _JOINT + "kurz"
_WORD = re.compile(r"[^\W_]+")
_ONE = r"[0-9]+[a-z]{0,3}\b"
_CITED = re.compile(
    rf"(?P<kind>§|\bart(?:ikel|\b\.?)|\banlage\b|\banhang\b)§?\s*"
    rf"(?P<numbers>{_ONE}(?:\s*(?:,|und|bis|u\.|-|–)\s*{_ONE})*|[ivxlcdm]+\b)"
)
_ROMAN_OR_NUMBER = re.compile(rf"{_ONE}|[ivxlcdm]+\b")
_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}")
# "§ 433 Abs. 1 Satz 2 BGB": parts of a section stand between its number and its law
_PARTS = frozenset(("abs", "absatz", "unterabs", "unterabsatz", "satz", "s", "nr", "nummer", "ziff", "ziffer", "lit"))
_PARTS |= {"halbsatz", "hs", "alt", "alternative", "buchst", "buchstabe"}
_FILLERS = frozenset(("des", "der", "dem", "den", "die", "das", "f", "ff", "von", "vom", "zum", "zur", "im", "in"))
_MAX_NAME_WORDS = 5
_MAX_LOOK = 24
_MAX_CITED = 128


def folded(text: str) -> str:
    """One spelling for what readers take for one word: composed letters, "ss" for "ß"."""
    return unicodedata.normalize("NFC", text).replace("ß", "ss").replace("ẞ", "SS")


def citation_words(number: str, abbreviation: str) -> list[str]:
    """Index words of a section with this number in the law with this abbreviation."""
    names = _names(abbreviation)
    cited = _CITED.match(folded(number).lower())
    if cited is None or not names:
        return []
    return [_word(cited["kind"], single, name) for single in _singles(cited["numbers"]) for name in names]


def cited_words(query: str) -> list[str]:
    """Index words that the first citations in a query may mean, each as often as it counts.

    Most exist nowhere, which costs nothing.
    """
    text = folded(query).lower()
    found: dict[str, int] = {}
    for cited in _CITED.finditer(text):
        if len(found) > _MAX_CITED:
            break
        after = _WORD.findall(text[cited.end() : cited.end() + 200])[:_MAX_LOOK]
        before = _WORD.findall(text[max(0, cited.start() - 100) : cited.start()])
        numbers = _singles(cited["numbers"])
        for name, count in (*_prefixes(_law_words(after)), *_suffixes(before)):
            for number in numbers:
                found.update(_meant(_word(cited["kind"], number, name), count))
        if after and len(after[0]) == 1 and numbers[-1].isdecimal():  # "§ 35 a VwVfG", as it used to be set
            for name, count in _prefixes(_law_words(after[1:])):
                found.update(_meant(_word(cited["kind"], numbers[-1] + after[0], name), count))
    return [word for word, count in list(found.items())[:_MAX_CITED] for _ in range(count)]


def _word(kind: str, number: str, name: str) -> str:
    return _JOINT.join(("par" if kind == "§" else kind[:3], number, name))


def _meant(word: str, name_words: int) -> dict[str, int]:
    """A law of exactly this name, and with less weight one that is called so for short."""
    return {word: name_words + 1, word + _SHORT: 1}


def _singles(numbers: str) -> list[str]:
    return _ROMAN_OR_NUMBER.findall(numbers)


def _names(abbreviation: str) -> list[str]:
    """How a law is called in a citation: "AO 1977" is cited as "AO", too."""
    words = _WORD.findall(folded(abbreviation).lower())
    names = ["".join(words)] if words else []
    if len(words) > 1 and _YEAR.fullmatch(words[-1]):
        names.append("".join(words[:-1]) + _SHORT)
    return names


def _law_words(after: Sequence[str]) -> list[str]:
    """The words behind a number, without its paragraphs and sentences."""
    words: list[str] = []
    skip_next = False
    for word in after:
        if skip_next:
            skip_next = False
        elif not words and word in _PARTS:
            skip_next = True
        elif words or word not in _FILLERS:
            words.append(word)
    return words


def _prefixes(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for length in range(1, min(len(words), _MAX_NAME_WORDS) + 1):
        yield "".join(words[:length]), length


def _suffixes(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for length in range(1, min(len(words), _MAX_NAME_WORDS) + 1):
        yield "".join(words[-length:]), length
