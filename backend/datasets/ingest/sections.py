"""Cuts a text at its headings into citable sections whose offsets are exact.

Every character of the text lies in a heading, in the body of one section or in the white space between them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from shared.models.document import Section

# "§ 3a", "§§ 5 und 6", "Art 5", "Artikel IV", "Anlage 1", "Anhang"; "(XXXX)" marks provisions without a valid number.
_NUMBERED = re.compile(
    r"""(?:\(?XXXX\)?\s+)?
    (?P<number>
        §§?\s*[0-9]+[a-z]{0,3}\b(?:\s*(?:bis|und|u\.|,|–)\s*(?:§\s*)?[0-9]+[a-z]{0,3}\b)*
      | Art(?:ikel|\.)?\s+(?:[0-9]+[a-z]{0,3}|[IVXLCDM]+)\b(?:\s*(?:bis|und|u\.)\s*(?:[0-9]+[a-z]{0,3}|[IVXLCDM]+)\b)*
      | (?:Anlage|Anhang)\b(?:\s+(?:[0-9]+[a-z]{0,3}|[IVXLCDM]+|[A-Z])(?=[\s:.,;(–-]|$))?
    )
    (?=[\s:.,;(–-]|$)\s*(?:[-–:.]\s*)*(?P<rest>.*)""",
    re.VERBOSE,
)
# "Bürgerliches Gesetzbuch (BGB)"
_ABBREVIATED = re.compile(r"(?P<title>.+?)\s*\((?P<short>[^()]{1,40})\)")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading and where its line stands in the text.

    Args:
        level: 1 for the outermost; gaps are allowed.
        text: As read by people, without marks of the format.
        start: Offset of its first character.
        end: One past its last character.
    """

    level: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last day in force, where a source says so for the whole document."""

    first: date | None = None
    last: date | None = None


def cut(text: str, headings: Sequence[Heading], validity: Validity | None = None) -> tuple[Section, ...]:
    """Sections of `text` in order; without headings the whole text is one.

    A heading gets a section of its own if text follows it, if it is numbered ("§ 5 (weggefallen)") or if no deeper
    heading follows; a mere container ("Buch 1") lives in the paths of what it contains.
    """
    return tuple(_sections(text, headings, validity or Validity()))


def split_number(heading: str) -> tuple[str, str]:
    """Citable number and remaining words of a heading, e.g. ("§ 2", "Ausnahmen")."""
    match = _NUMBERED.fullmatch(heading)
    return (match["number"], match["rest"].strip()) if match else ("", heading)


def split_abbreviation(title: str) -> tuple[str, str]:
    """("Bürgerliches Gesetzbuch", "BGB") from "Bürgerliches Gesetzbuch (BGB)"; an abbreviation has two capitals."""
    match = _ABBREVIATED.fullmatch(title)
    if match is None or sum(letter.isupper() for letter in match["short"]) < 2:
        return title, ""
    return match["title"], match["short"]


def _sections(text: str, headings: Sequence[Heading], validity: Validity) -> Iterator[Section]:
    ordinal = 0
    path: list[Heading] = []
    intro_end = headings[0].start if headings else len(text)
    start, end = _trimmed(text, 0, intro_end)
    if start < end or not headings:
        yield Section(0, "", text[start:end], start, end, valid_from=validity.first, valid_to=validity.last)
        ordinal = 1
    for index, heading in enumerate(headings):
        following = headings[index + 1] if index + 1 < len(headings) else None
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        start, end = _trimmed(text, heading.end, following.start if following else len(text))
        number, words = split_number(heading.text)
        is_container = following is not None and following.level > heading.level
        if start == end and not number and is_container:
            continue
        yield Section(
            ordinal=ordinal,
            heading=words,
            text=text[start:end],
            start=start,
            end=end,
            number=number,
            heading_path=tuple(above.text for above in path),
            valid_from=validity.first,
            valid_to=validity.last,
        )
        ordinal += 1


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the white space around it; one of nothing else collapses to its start."""
    body = text[start:end]
    stripped = body.lstrip()
    if not stripped:
        return start, start
    return end - len(stripped), start + len(body.rstrip())
