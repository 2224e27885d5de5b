"""Documents and their immutable versions, cut into sections that know where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Section:
    """A citable piece of one document version.

    Args:
        ordinal: 0, 1, 2 … in document order.
        heading: Last heading above the text, without its number ("Ausnahmen vom Anwendungsbereich").
        number: Section number as cited ("§ 2", "Art 5", "Anlage 1"), empty where there is none.
        heading_path: All headings from the title down, outermost first.
        text: The body, hard line breaks as in the source.
        start: Offset of the body in the version's text, in characters.
        end: One past its last character.
        valid_from: First day in force, where the source says.
        valid_to: Last day in force, where the source says.
    """

    ordinal: int
    heading: str
    text: str
    start: int
    end: int
    number: str = ""
    heading_path: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a file reader makes of one document, before it has an id or a version.

    Args:
        title: Human title, e.g. "Verwaltungsverfahrensgesetz".
        abbreviation: Short citation form ("VwVfG"), empty where there is none.
        media_type: IANA media type of the source bytes.
        text: Full extracted text.
        sections: At least one; sections of a document without headings are one whole.
        metadata: JSON-able fields from the source (front matter, Fundstelle, dates).
        key: Distinguishes several documents inside one file (row of a csv, line of a jsonl), else empty.
    """

    title: str
    media_type: str
    text: str
    sections: tuple[Section, ...]
    abbreviation: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A registered document in its newest version.

    Args:
        document_id: Made by the server, stable over versions.
        source: Where it was taken from (folder or upload name given at ingest).
        path: Path below the source, with `!/` before a member of a zip and `#key` for a row of a table.
        version: 1, 2, 3 …; a new one only for changed bytes.
        sha256: Of the source bytes, hex.
    """

    document_id: str
    source: str
    path: str
    title: str
    media_type: str
    version: int
    sha256: str
    size_bytes: int
    section_count: int
    ingested_at: datetime
    ingested_by: str
    abbreviation: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredSection:
    """A section together with the document version that it belongs to.

    Args:
        section_id: `<document_id>:<version>:<ordinal>`.
    """

    section_id: str
    document_id: str
    version: int
    document_title: str
    abbreviation: str
    source: str
    path: str
    section: Section

    @classmethod
    def of(cls, document: Document, section: Section) -> Self:
        """A section of a document in the version that is given."""
        return cls(
            section_id=f"{document.document_id}:{document.version}:{section.ordinal}",
            document_id=document.document_id,
            version=document.version,
            document_title=document.title,
            abbreviation=document.abbreviation,
            source=document.source,
            path=document.path,
            section=section,
        )


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where one ranked list has a section.

    Args:
        rank: 1 for the best.
        score: By the list's own measure; comparable within the list only.
        store: Who answered.
    """

    rank: int
    score: float
    store: str


@dataclass(frozen=True, slots=True)
class SectionHit:
    """A section that a search found.

    Args:
        score: Fused relevance, higher is better; comparable within one search only.
        rank: 1 for the best.
        places: Its place in each ranked list that holds it, e.g. {"keyword": ListPlace(3, 12.7, "embedded")}.
        section: The section itself where the truth does not have it.
    """

    section_id: str
    document_id: str
    version: int
    score: float
    rank: int
    places: Mapping[str, ListPlace] = field(default_factory=dict)
    section: StoredSection | None = None
