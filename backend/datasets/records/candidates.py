"""A found section on its way to becoming part of a record."""

import hashlib
from dataclasses import dataclass

from shared.models.document import Section, StoredSection

Place = tuple[str, int]
"""Document key and ordinal of a section: its name on every installation."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A section that the search found, with what the build learned about it.

    Args:
        stored: The section with its document.
        relevance: 0..1 by the search; never part of quality.
        words: Words of the normalised text.
        quality: Score of the section alone.
        is_spared: A person decided that it stays, whatever its score.
    """

    stored: StoredSection
    relevance: float
    words: int = 0
    quality: float = 0.0
    is_spared: bool = False

    @property
    def section(self) -> Section:
        """The section itself."""
        return self.stored.section

    @property
    def group(self) -> str:
        """What must stay in one split, equal on every installation that holds the document."""
        return f"{self.stored.source}\n{self.stored.path}"

    @property
    def document_key(self) -> str:
        """Short name of the document that sorts records and begins their ids; free of ids of this installation."""
        return hashlib.blake2b(self.group.encode(), digest_size=8).hexdigest()

    @property
    def place(self) -> Place:
        """Where it stands."""
        return self.document_key, self.section.ordinal
