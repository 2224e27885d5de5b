"""Citations as keys: "§ 35a VwVfG" finds exactly that section, "XI ZR 24/19" that ruling.

A bare number is worth nothing to a ranking ("1" stands in half of all sections), and number and law apart find every
section of the law. So a section's number and its law's name are kept as one more word, such as `parǂ35aǂvwvfg`, and a
query that cites gets the words it may mean. Laws share the beginnings of their names ("AEG" and "AEG 1994",
"AltersVersErhV" and "AltersVersErhV 2"), so a word counts the more, the more of a name it spells: a query repeats it,
and the ranking adds up.

A ruling has no sections that are cited, so every section of it has the keys of the ruling.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from shared.database.citations.case_numbers import case_keys, own_case_keys
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
from shared.database.citations.law_names import MAX_TITLE_WORDS, abbreviated_names, names, title_name
from shared.database.citations.norm_mentions import mentions
from shared.models.document import Document, Section

_MAX_NAME_WORDS = 5
_MAX_LOOK = 24
_MAX_CITED = 128
_MAX_MENTIONED = 512
_RULING = 16  # a file number is spelt out and cannot mean anything else


def identity_keys(document: Document, section: Section) -> list[str]:
    """Under which keys a section is cited: by number and law, or as a part of a ruling."""
    return section_keys(section.number, document.abbreviation, document.title, document.metadata)


def section_keys(
    number: str, abbreviation: str, title: str, metadata: Mapping[str, Any] = MappingProxyType({})
) -> list[str]:
    """The same by what names a section: its number, and short name, title and metadata of its document."""
    norm = _norm_keys(number, names(abbreviation, title))
    rulings = own_case_keys(metadata, f"{title} {number}")
    return list(dict.fromkeys((*norm, *rulings)))


def mentioned_keys(document: Document, section: Section) -> list[str]:
    """Keys of what a section cites, each once, in order: the edges of the citation graph.

    A key that nothing answers to is an edge into nowhere and costs nothing.
    """
    own = set(identity_keys(document, section))
    own_names = names(document.abbreviation, document.title)[:1]
    norms = (key for mention in mentions(section.text, own_names) for key in mention.keys)
    found = dict.fromkeys((*norms, *case_keys(section.text)))
    return [key for key in found if key not in own][:_MAX_MENTIONED]


def asked_keys(query: str) -> dict[str, int]:
    """Keys that the citations in a query may mean, each with its weight: the more of a name it spells, the more."""
    return dict(Counter(cited_words(query))) | dict.fromkeys(case_keys(query), _RULING)


def citation_words(number: str, abbreviation: str) -> list[str]:
    """Index words of a section with this number in the law with this abbreviation."""
    return _norm_keys(number, abbreviated_names(abbreviation))


def cited_words(query: str) -> list[str]:
    """Index words that the first citations in a query may mean, each as often as it counts.

    Most exist nowhere, which costs nothing.
    """
    text = folded(query).lower()
    found: dict[str, int] = {}
    for cited in CITED.finditer(text):
        if len(found) > _MAX_CITED:
            break
        after = WORD.findall(text[cited.end() : cited.end() + 200])[:_MAX_LOOK]
        before = WORD.findall(text[max(0, cited.start() - 100) : cited.start()])
        numbers = single_numbers(cited["numbers"])
        for name, count in (*_prefixes(_law_words(after)), *_suffixes(before), *_titles(_law_words(after))):
            for number in numbers:
                found.update(_meant(norm_key(cited["kind"], number, name), count))
        if after and len(after[0]) == 1 and numbers[-1].isdecimal():  # "§ 35 a VwVfG", as it used to be set
            for name, count in _prefixes(_law_words(after[1:])):
                found.update(_meant(norm_key(cited["kind"], numbers[-1] + after[0], name), count))
    return [word for word, count in list(found.items())[:_MAX_CITED] for _ in range(count)]


def _meant(word: str, name_words: int) -> dict[str, int]:
    """A law of exactly this name, and with less weight one that is called so for short."""
    return {word: name_words + 1, word + SHORT: 1}


def _law_words(after: Sequence[str]) -> list[str]:
    """The words behind a number, without its paragraphs and sentences."""
    words: list[str] = []
    skip_next = False
    for word in after:
        if skip_next:
            skip_next = False
        elif not words and word in PARTS:
            skip_next = True
        elif words or word not in FILLERS:
            words.append(word)
    return words


def _prefixes(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for length in range(1, min(len(words), _MAX_NAME_WORDS) + 1):
        yield "".join(words[:length]), length


def _suffixes(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for length in range(1, min(len(words), _MAX_NAME_WORDS) + 1):
        yield "".join(words[-length:]), length


def _titles(words: Sequence[str]) -> Iterator[tuple[str, int]]:
    for length in range(1, min(len(words), MAX_TITLE_WORDS) + 1):
        yield title_name(" ".join(words[:length])), length


def _norm_keys(number: str, law_names: Sequence[str]) -> list[str]:
    cited = CITED.match(folded(number).lower())
    if cited is None:
        return []
    return [norm_key(cited["kind"], single, name) for single in single_numbers(cited["numbers"]) for name in law_names]
