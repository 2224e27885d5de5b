"""What a text cites: "§ 5 Absatz 2" means its own law, "§ 823 des Bürgerlichen Gesetzbuchs" the one that is named."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from shared.database.citations.grammar import (
    CITED,
    FILLERS,
    PARTS,
    SHORT,
    WORD,
    folded,
    norm_key,
    single_numbers,
)
from shared.database.citations.law_names import MAX_TITLE_WORDS, title_name

_LOOK = 240  # characters behind a number, in which its law is named
_LAW = re.compile(r"(?:gesetz|buch(?!stab)|ordnung|vertrag|abkommen|übereinkommen|richtlinie|satzung)\w*")
_OWN = frozenset(("dieses", "dieser", "diesem"))
_TOKEN = re.compile(r"[^\W_]+|[.,;:()\n]")
_NUMBER = re.compile(r"[0-9]+[a-z]{0,3}|[ivx]+|[a-z]")
_BETWEEN = frozenset(("und", "oder", "bis", "sowie", "in", "verbindung", "mit", "auch", "jeweils"))
_MAX_ABBREVIATION_WORDS = 3


@dataclass(frozen=True, slots=True)
class Mention:
    """One section that is cited.

    Args:
        keys: Any of them may be the one by which it is identified.
        is_internal: Whether the text's own law is meant.
    """

    keys: tuple[str, ...]
    is_internal: bool


def mentions(text: str, own_names: Sequence[str]) -> Iterator[Mention]:
    """Sections that a text cites, in order; of a text in no law, `own_names` is empty."""
    plain = folded(text)
    for cited in CITED.finditer(plain):
        following = plain[cited.end() : cited.end() + _LOOK]
        names = _named(following)
        kind, numbers = cited["kind"].lower(), single_numbers(cited["numbers"].lower())
        for number in numbers:
            keys = tuple(norm_key(kind, number, name) for name in (names if names is not None else own_names))
            if keys:
                yield Mention(keys, is_internal=names is None)


def _named(following: str) -> list[str] | None:
    """Names of the law that the words behind a number may mean; None if they name none."""
    tokens = _TOKEN.findall(following)
    start = _after_parts(tokens)
    while start < len(tokens) and tokens[start].lower() in FILLERS:
        start += 1
    words = _until_mark(tokens[start:])
    if not words or words[0].lower() in _OWN:
        return None
    if sum(letter.isupper() for letter in words[0]) > 1:
        return _abbreviations(words)
    if start == 0 or not words[0][0].isupper():
        return None
    law = next((place for place, word in enumerate(words[:MAX_TITLE_WORDS]) if _LAW.search(word.lower())), None)
    if law is None:
        return None
    lengths = range(law + 1, min(len(words), MAX_TITLE_WORDS) + 1)
    return [title_name(" ".join(words[:length])) for length in lengths]


def _after_parts(tokens: Sequence[str]) -> int:
    """Where the paragraphs, sentences and further numbers of a citation end."""
    place = 0
    while place < len(tokens):
        word = tokens[place].lower()
        is_list = word in (".", ",") or word in _BETWEEN
        if (is_list and place + 1 < len(tokens) and (is_part(tokens[place + 1]) or word == ".")) or is_part(word):
            place += 1
        else:
            break
    return place


def is_part(token: str) -> bool:
    """Whether a word belongs to the number of a section: "Absatz", "2", "a"."""
    return token.lower() in PARTS or _NUMBER.fullmatch(token) is not None


def _until_mark(tokens: Sequence[str]) -> list[str]:
    """Words up to the next mark that ends a name; a name may go on in the next line."""
    names = takewhile(lambda each: WORD.fullmatch(each) or each.isspace(), tokens)
    return [each for each in names if not each.isspace()]


def _abbreviations(words: Sequence[str]) -> list[str]:
    lowered = [word.lower() for word in words]
    joined = ["".join(lowered[:length]) for length in range(1, min(len(words), _MAX_ABBREVIATION_WORDS) + 1)]
    return [*joined, *(name + SHORT for name in joined)]
