"""Read the names that stand at one place of a text: "Dr. Müller, K. Schmidt und von der Heide"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backend.datasets.pii.names.common_words import is_common
from backend.datasets.pii.names.grammar import ANONYMOUS, BETWEEN, DEGREE, FULL_NAME
from backend.datasets.pii.names.likeness import NOUN, SHAPED, likeness

_NAME = re.compile(rf"(?P<degree>{DEGREE}{{0,8}})(?:(?P<name>{FULL_NAME})|(?P<anonymous>{ANONYMOUS}))")
_NEXT = re.compile(BETWEEN)
_LAST = re.compile(r"\s+\S+$")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text, without titles.

    Args:
        start: Offset of its first character.
        end: Offset behind its last one.
        likeness: As `likeness` says; of an anonymous one, NOUN.
        words: How many it has.
        is_anonymous: Whether it is an initial only.
        has_degree: Whether a doctor's or another degree stands before it.
    """

    start: int
    end: int
    likeness: int
    words: int
    is_anonymous: bool
    has_degree: bool


def names_at(text: str, place: int, *, least: int = SHAPED) -> Iterator[Name]:
    """The names that begin at a place, one after the other.

    Args:
        text: Any text.
        place: Offset where a name or its degree begins.
        least: Likeness that names behind the first one need; a degree before them is enough as well.
    """
    first: Name | None = None
    for _ in range(_MOST):
        name = _name_at(text, place)
        if name is None or not (first is None or _goes_on(first, name, least)):
            return
        yield name
        first = first or name
        joint = _NEXT.match(text, name.end)
        if joint is None:
            return
        place = joint.end()


def _name_at(text: str, place: int) -> Name | None:
    found = _NAME.match(text, place)
    if found is None:
        return None
    has_degree = bool(found["degree"])
    if found["name"] is None:
        return Name(found.start("anonymous"), found.end(), NOUN, 1, is_anonymous=True, has_degree=has_degree)
    start, name = found.start("name"), found["name"]
    # "Herrn Müller Gelegenheit zu geben": nouns behind a name are none
    while is_common(name.rsplit(maxsplit=1)[-1]) and (shorter := _LAST.sub("", name)) != name:
        name = shorter
    likely = likeness(name)
    if not likely:
        return None
    words = len(name.split())
    return Name(start, start + len(name), likely, words, is_anonymous=False, has_degree=has_degree)


def _goes_on(first: Name, name: Name, least: int) -> bool:
    if name.has_degree or name.likeness >= least:
        return True
    return first.is_anonymous and name.is_anonymous
