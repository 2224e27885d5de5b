"""Documents that are registered nowhere, in the shape in which search stores take them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from shared.database.search_store import DocumentChange
from shared.models.document import Document, Section, StoredSection

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def document_id_of(name: str) -> str:
    """An id that says where a document comes from and holds no sign that ids give a meaning to."""
    return quote(name, safe="").replace("%", "=")


def section_id_of(document_id: str, ordinal: int) -> str:
    """The id of a section in the only version of a document."""
    return f"{document_id}:1:{ordinal}"


def change_of(
    document_id: str, sections: Sequence[Section], *, title: str, abbreviation: str = "", source: str = "evaluation"
) -> DocumentChange:
    """A document in its first version, with these sections."""
    document = Document(
        document_id=document_id,
        source=source,
        path=document_id,
        title=title,
        media_type="text/plain",
        version=1,
        sha256=document_id,
        size_bytes=0,
        section_count=len(sections),
        ingested_at=_EPOCH,
        ingested_by="evaluation",
        abbreviation=abbreviation,
    )
    return DocumentChange(document_id, 1, document, [StoredSection.of(document, section) for section in sections])


def a_section(ordinal: int, text: str, heading: str = "") -> Section:
    """A section that stands for itself."""
    return Section(ordinal, heading, text, 0, len(text), heading_path=(heading,) if heading else ())


def with_sections(change: DocumentChange, sections: Sequence[Section]) -> DocumentChange:
    """The same document with its sections replaced one by one."""
    stored = [replace(old, section=new) for old, new in zip(change.sections, sections, strict=True)]
    return replace(change, sections=stored)
