"""A found section on its way to becoming part of a record."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from backend.datasets.quality.normalise import normalise
from shared.models.document import Section, StoredSection

Place = tuple[str, int]
"""Document key and ordinal of a section: its name on every installation."""

UNKNOWN = "unknown"
"""Where nothing says of which type or year something is."""

_DATES = ("ausfertigungsdatum", "datum", "date", "year", "jahr", "published")
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A section that the search found, with what the build learned about it.

    Args:
        stored: The section with its document.
        relevance: 0..1 by the search; never part of quality.
        words: Words of the normalised text.
        quality: Score of the section alone.
        is_spared: A person decided that it stays, whatever its score.
        licence: Why the words of its document may be used, where that says so.
        year: Of its document, four digits, or empty where nothing says; only for looking how evenly splits are spread.
        normalised: Its text in the shape in which everything is measured, once it was judged.
    """

    stored: StoredSection
    relevance: float
    words: int = 0
    quality: float = 0.0
    is_spared: bool = False
    licence: str = ""
    year: str = ""
    normalised: str = ""

    @property
    def section(self) -> Section:
        """The section itself."""
        return self.stored.section

    @property
    def text(self) -> str:
        """Its normalised text."""
        return self.normalised or normalise(self.section.text)

    @property
    def group(self) -> str:
        """What must stay in one split, equal on every installation that holds the document."""
        return _group(self.stored.source, self.stored.path)

    @property
    def document_key(self) -> str:
        """Short name of the document that sorts records and begins their ids; free of ids of this installation."""
        return document_key(self.stored.source, self.stored.path)

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.document_key, self.section.ordinal


def document_key(source: str, path: str) -> str:
    """See `Candidate.document_key`."""
    return hashlib.blake2b(_group(source, path).encode(), digest_size=8).hexdigest()


def _group(source: str, path: str) -> str:
    return f"{source}\n{path}"


def file_type_of(path: str) -> str:
    """The kind of file that a document came from, by its path: `md`, `pdf` … or `unknown`."""
    # a row of a table is `laws.csv#7`, a member of an archive `laws.zip!/a.md`
    return PurePosixPath(path.partition("#")[0]).suffix.removeprefix(".").lower() or UNKNOWN


def year_of(section: Section, metadata: Mapping[str, Any]) -> str:
    """The year of a document by the dates that its source gives, else that of the section's first day in force."""
    for name in _DATES:
        if year := _YEAR.match(str(metadata.get(name, ""))):
            return year[0]
    return f"{section.valid_from.year:04d}" if section.valid_from else ""
