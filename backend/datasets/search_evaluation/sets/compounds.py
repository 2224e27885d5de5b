"""Compounds taken apart and put together: "Ausbildung Rahmenplan" must find the Ausbildungsrahmenplan, and back.

Asked are headings that occur once. `split`: a compound of the heading is written as its two parts, neither of which
stands in the section. `joined`: two nouns of the heading ("Inhalt der Prüfung") are written as the compound that other
sections know ("Prüfungsinhalt") and this one does not. Which words are compounds is read off the corpus: both parts are
nouns of their own in it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend.datasets.search_evaluation.base_set import BuiltInSet
from backend.datasets.search_evaluation.judged import EvaluationSet, JudgedQuery
from shared.models.document import StoredSection

_NOUN = re.compile(r"\b[A-ZÄÖÜ][a-zäöüß]{3,}\b(?!-)")
# behind a small letter or a comma: a capital there is no sentence's beginning
_SURELY_NOUN = re.compile(r"(?<=[a-zäöüß,]\s)[A-ZÄÖÜ][a-zäöüß]{3,}\b(?!-)")
_TWO_NOUNS = re.compile(
    r"\b(?P<head>[A-ZÄÖÜ][a-zäöüß]{3,}) (?:der|des|von|für|zur|zum|über)(?: die| den| das)? "
    r"(?P<first>[A-ZÄÖÜ][a-zäöüß]{3,})\b"
)
_LINKS = ("", "s", "es", "n", "en")
_MIN_PART = 4
_MIN_COMPOUND = 10
_MIN_USES = 20  # sections that use a part as a word of its own; rarer ones are often pieces of names


@dataclass(slots=True)
class _Reading:
    """What one pass over the laws gives.

    Args:
        uses: Noun -> sections whose text holds it.
        headings: Heading -> how often it occurs.
        sections: Sections whose heading may be asked.
    """

    uses: Counter[str] = field(default_factory=Counter)
    headings: Counter[str] = field(default_factory=Counter)
    sections: list[StoredSection] = field(default_factory=list)


class CompoundSet(BuiltInSet):
    """Up to 500 queries of each kind."""

    name = "compounds"
    size = 1_000
    needs_own_index = False

    def build(self) -> EvaluationSet:
        """Split and joined compounds in equal numbers, as far as there are so many."""
        read = self._read()
        unique = [stored for stored in read.sections if read.headings[stored.section.heading] == 1]
        split = [query for stored in unique if (query := _split_query(stored, read.uses))]
        joined = [query for stored in unique if (query := _joined_query(stored, read.uses))]
        half = self.size // 2
        queries = self.made(
            [*self.sampled(split, half), *self.sampled(joined, half)], "headings with compounds that occur once"
        )
        return EvaluationSet(self.name, queries, self.corpus.documents, index_key=self.corpus.name)

    def _read(self) -> _Reading:
        read = _Reading()
        for change in self.read_laws():
            for stored in change.sections:
                section = stored.section
                read.uses.update(set(_SURELY_NOUN.findall(section.text)))
                read.headings[section.heading] += 1
                if section.number and section.text and _NOUN.search(section.heading):
                    read.sections.append(stored)
        return read


def parts_of(compound: str, uses: Counter[str]) -> tuple[str, str] | None:
    """The two nouns of a compound, without what links them; of several ways the one with the best known parts."""
    ways = [
        (min(uses[first], uses[head]), first, head)
        for first, head in _ways(compound)
        if min(uses[first], uses[head]) >= _MIN_USES
    ]
    return max(ways)[1:] if ways else None


def compound_of(first: str, head: str, uses: Counter[str]) -> str | None:
    """The compound of two nouns that the corpus knows; `first` may stand in the genitive."""
    bases = dict.fromkeys((first, *(first.removesuffix(ending) for ending in _LINKS if ending)))
    known = [word for base in bases for link in _LINKS if uses[word := f"{base}{link}{head.lower()}"]]
    return max(known, key=lambda word: uses[word], default=None)


def _ways(compound: str) -> Iterator[tuple[str, str]]:
    for cut in range(_MIN_PART, len(compound) - _MIN_PART + 1):
        head = compound[cut:].capitalize()
        for link in _LINKS:
            if compound[:cut].endswith(link) and cut - len(link) >= _MIN_PART:
                yield compound[: cut - len(link)], head


def _split_query(stored: StoredSection, uses: Counter[str]) -> JudgedQuery | None:
    heading, own = stored.section.heading, _nouns(stored)
    for compound in _NOUN.findall(heading):
        parts = parts_of(compound, uses) if len(compound) >= _MIN_COMPOUND else None
        if parts and own.isdisjoint(parts):
            return _query(stored, heading.replace(compound, " ".join(parts)), "split")
    return None


def _joined_query(stored: StoredSection, uses: Counter[str]) -> JudgedQuery | None:
    heading, own = stored.section.heading, _nouns(stored)
    for phrase in _TWO_NOUNS.finditer(heading):
        compound = compound_of(phrase["first"], phrase["head"], uses)
        if compound and compound not in own:
            return _query(stored, heading.replace(phrase[0], compound), "joined")
    return None


def _query(stored: StoredSection, text: str, kind: str) -> JudgedQuery:
    return JudgedQuery(f"{stored.section_id} {kind}", text, {stored.section_id: 1}, kind=kind)


def _nouns(stored: StoredSection) -> set[str]:
    return set(_NOUN.findall(f"{stored.section.heading} {stored.section.text}"))
