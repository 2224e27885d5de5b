"""What the graph keeps of a document: parameters for statements, no body texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from shared.database.citations import identity_keys, mentioned_keys
from shared.database.search_store import DocumentChange
from shared.models.document import Document, StoredSection

_LONGEST_KEY = 500  # no citation spells a longer name, and an index takes none of any length
_LONGEST_TEXT = 1_000

Parameters = dict[str, Any]


@dataclass(frozen=True, slots=True)
class GraphRows:
    """Nodes and edges of a few documents.

    Args:
        follows: Pairs of section ids, each followed by the next.
        identities: Pairs of section id and the key that it answers to.
        mentions: Pairs of section id and a key that it cites.
    """

    documents: list[Parameters] = field(default_factory=list)
    sections: list[Parameters] = field(default_factory=list)
    follows: list[Parameters] = field(default_factory=list)
    identities: list[Parameters] = field(default_factory=list)
    mentions: list[Parameters] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Keys of all norms, each once, in order, so that rivals lock them in the same order."""
        return sorted({row["key"] for row in (*self.identities, *self.mentions)})


def graph_rows(changes: Sequence[DocumentChange]) -> GraphRows:
    """Nodes and edges of these states."""
    rows = GraphRows()
    for change in changes:
        rows.documents.append(_document(change))
        if change.document is None:
            continue
        ids = [section.section_id for section in change.sections]
        rows.sections.extend(_section(section) for section in change.sections)
        rows.follows.extend({"id": one, "next": other} for one, other in pairwise(ids))
        for stored in change.sections:
            rows.identities.extend(_keyed(stored, identity_keys(change.document, stored.section)))
            rows.mentions.extend(_keyed(stored, mentioned_keys(change.document, stored.section)))
    return rows


def moment(at: datetime) -> str:
    """Text that sorts like the moment."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def sendable(text: str) -> str:
    """Text without halves of characters, which no driver can send."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _document(change: DocumentChange) -> Parameters:
    held = {"id": change.document_id, "version": change.version, "sha256": change.sha256}
    document = change.document
    if document is None:
        return {**held, "is_erased": True}
    return {**held, "is_erased": False, "section_count": len(change.sections), **_described(document)}


def _described(document: Document) -> Parameters:
    return {
        "source": sendable(document.source),
        "title": sendable(document.title)[:_LONGEST_TEXT],
        "abbreviation": sendable(document.abbreviation),
        "media_type": sendable(document.media_type),
        "ingested_at": moment(document.ingested_at),
    }


def _section(stored: StoredSection) -> Parameters:
    section = stored.section
    return {
        "id": stored.section_id,
        "document_id": stored.document_id,
        "version": stored.version,
        "ordinal": section.ordinal,
        "number": sendable(section.number)[:_LONGEST_TEXT],
        "heading": sendable(section.heading)[:_LONGEST_TEXT],
        "valid_from": _day(section.valid_from),
        "valid_to": _day(section.valid_to),
    }


def _keyed(stored: StoredSection, keys: Sequence[str]) -> Iterator[Parameters]:
    for key in dict.fromkeys(keys):
        if len(key) <= _LONGEST_KEY:
            yield {"id": stored.section_id, "key": sendable(key)}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
