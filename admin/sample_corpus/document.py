"""A composed document before any file format has been chosen."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One numbered paragraph, possibly ending in an enumeration."""

    text: str
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One "§"; without paragraphs it has been repealed."""

    number: int
    heading: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def label(self) -> str:
        """The heading as printed, for example ``§ 3 Steuersatz``."""
        return f"§ {self.number} {self.heading}"


@dataclass(frozen=True, slots=True)
class Part:
    """One "Abschnitt"; a document without parts has a single one with an empty title."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One municipal text with the facts an official gazette would print above it."""

    title: str
    abbreviation: str
    slug: str
    enacted: date
    source: str
    preamble: str
    parts: tuple[Part, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order, across parts."""
        return tuple(section for part in self.parts for section in part.sections)


def numbered(paragraphs: tuple[Paragraph, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """Puts "(1)", "(2)" before the texts, unless a section has a single paragraph."""
    if len(paragraphs) == 1:
        return [(paragraphs[0].text, paragraphs[0].items)]
    return [(f"({n}) {p.text}", p.items) for n, p in enumerate(paragraphs, start=1)]
