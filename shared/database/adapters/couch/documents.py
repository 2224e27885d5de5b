"""What we keep in CouchDB: a head per document, and its sections in parts of about a megabyte.

CouchDB refuses documents over 8 MB, a law has up to thousands of sections, and every section as a document of its own
would leave that many deletion stubs behind with each new version. So sections share parts, a longer text is continued
in the next part, and a document of usual length is two entries: its head and one part.

A part never changes: its id holds version, digest and number, so a new version is written beside the old one. The head
is written last. It names its parts by their revisions, which CouchDB derives from content: a part that is missing or
was edited by somebody does not count. What a crash leaves behind is named by no head, and is not found.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from shared.database.citations import identity_keys
from shared.database.search_store import DocumentChange
from shared.models.document import Document, StoredSection

SCHEMA_VERSION = 1
MARKER = "clara"
DESIGN = "_design/clara"
CITATIONS = "/_design/clara/_view/citations"
HEADS = "document:"
PARTS = "part:"

_CITATIONS_MAP = """function (doc) {
  if (doc.type !== "part") return;
  (doc.sections || []).forEach(function (section) {
    (section.citation_keys || []).forEach(function (key) {
      emit(key, [doc.document_id, doc._rev, section.ordinal, section.valid_from, section.valid_to]);
    });
  });
}"""
VIEWS = {"language": "javascript", "views": {"citations": {"map": _CITATIONS_MAP}}}

# of a part and of one text in it: even if each character took six bytes, it would stay below 8 MB
PART_CHARS = 1_000_000
PIECE_CHARS = 400_000
# what a section takes besides its text, generously
_RECORD_CHARS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change in the shape in which it is written.

    Args:
        digest: Of all that is written; equal digests are equal content.
        head: Without revisions of parts.
        parts: In order, each with its `_id`.
    """

    document_id: str
    version: int
    digest: str
    is_erased: bool
    head: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]]

    def head_with(self, revisions: Mapping[str, str], *, replaced: Sequence[str], over: str) -> dict[str, Any]:
        """The head as it is written.

        Args:
            revisions: Of the parts, by id.
            replaced: Ids of parts that are to go once the head stands; a repeated change looks after them.
            over: Revision of the head that is there, empty for none.
        """
        parts = [{"id": part["_id"], "rev": revisions[part["_id"]], "sections": _count(part)} for part in self.parts]
        head = {**self.head, "parts": parts, "replaced": list(replaced)}
        return {**head, "_rev": over} if over else head


@dataclass(frozen=True, slots=True)
class NotedPart:
    """A part as its head names it.

    Args:
        sections: How many begin in it.
    """

    id: str
    rev: str
    sections: int


def head_id(document_id: str) -> str:
    """Under which the head of a document lies; heads are in the order of their documents' ids."""
    return HEADS + document_id


def part_prefix(document_id: str) -> str:
    """With which the ids of all parts of a document start, and of no other document."""
    return f"{PARTS}{quote(document_id, safe='')}:"


def part_version(part_id: str) -> int:
    """The version that a part belongs to; 0 for an id that is none of ours."""
    fields = part_id.split(":")
    return int(fields[2]) if len(fields) == 5 and fields[2].isdecimal() else 0


def prepared(change: DocumentChange) -> Prepared:
    """Put a change into shape."""
    fields = _head_fields(change)
    records = [_section_record(change.document, stored) for stored in change.sections] if change.document else []
    digest = _digest([fields, records])
    stem = f"{part_prefix(change.document_id)}{change.version}:{digest[:16]}"
    shown = {"type": "part", "document_id": change.document_id, "version": change.version, "title": fields["title"]}
    parts = [
        {"_id": f"{stem}:{number:05}", **shown, "abbreviation": fields["abbreviation"], "sections": sections}
        for number, sections in enumerate(_packed(records))
    ]
    head = {"_id": head_id(change.document_id), **fields, "digest": digest}
    return Prepared(change.document_id, change.version, digest, change.is_erased, head, parts)


def noted_parts(head: Mapping[str, Any]) -> list[NotedPart]:
    """The parts that a head names; what somebody wrote in there by hand counts for nothing."""
    parts = head.get("parts")
    if not isinstance(parts, list):
        return []
    return [NotedPart(each["id"], each["rev"], each["sections"]) for each in parts if _is_noted(each)]


def document_of(head: Mapping[str, Any]) -> Document:
    """The document of a head, as far as filters look at it; tolerant of heads that somebody edited."""
    return Document(
        document_id=str(head.get("document_id", "")),
        source=str(head.get("source", "")),
        path=str(head.get("path", "")),
        title=str(head.get("title", "")),
        media_type=str(head.get("media_type", "")),
        version=version_of(head),
        sha256=str(head.get("sha256", "")),
        size_bytes=_whole(head.get("size_bytes")),
        section_count=_whole(head.get("section_count")),
        ingested_at=_moment(head.get("ingested_at")),
        ingested_by="",
        abbreviation=str(head.get("abbreviation", "")),
    )


def version_of(head: Mapping[str, Any]) -> int:
    """The version that a head holds; 0 if somebody put in a head without."""
    return _whole(head.get("version"))


def _head_fields(change: DocumentChange) -> dict[str, Any]:
    shared = {
        "type": "document",
        "document_id": change.document_id,
        "version": change.version,
        "sha256": change.sha256,
        "is_erased": change.is_erased,
    }
    document = change.document
    if document is None:
        return {**shared, "title": "", "abbreviation": ""}
    # who registered it stays in the truth: it is no content, and replicas should not tell
    return {
        **shared,
        "title": document.title,
        "abbreviation": document.abbreviation,
        "source": document.source,
        "path": document.path,
        "media_type": document.media_type,
        "size_bytes": document.size_bytes,
        "section_count": len(change.sections),
        "ingested_at": document.ingested_at.isoformat(),
        "metadata": dict(document.metadata),
    }


def _section_record(document: Document | None, stored: StoredSection) -> dict[str, Any]:
    section = stored.section
    return {
        "section_id": stored.section_id,
        "ordinal": section.ordinal,
        "number": section.number,
        "heading": section.heading,
        "heading_path": list(section.heading_path),
        "text": section.text,
        "start": section.start,
        "end": section.end,
        "valid_from": _iso(section.valid_from),
        "valid_to": _iso(section.valid_to),
        "citation_keys": identity_keys(document, section) if document else [],
    }


def _packed(records: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Sections in order, as many as a part takes; a text that is longer goes on in the next parts."""
    part: list[dict[str, Any]] = []
    size = 0
    for record in records:
        for piece in _pieces(record):
            length = len(piece["text"]) + _RECORD_CHARS
            if part and size + length > PART_CHARS:
                yield part
                part, size = [], 0
            part.append(piece)
            size += length
    if part:
        yield part


def _pieces(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text = record["text"]
    yield {**record, "text": text[:PIECE_CHARS]} if len(text) > PIECE_CHARS else record
    for start in range(PIECE_CHARS, len(text), PIECE_CHARS):
        rest = {"section_id": record["section_id"], "ordinal": record["ordinal"], "citation_keys": []}
        yield {**rest, "is_continuation": True, "text": text[start : start + PIECE_CHARS]}


def _count(part: Mapping[str, Any]) -> int:
    return sum(1 for section in part["sections"] if not section.get("is_continuation"))


def _digest(content: Any) -> str:
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "replace")).hexdigest()


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _is_noted(part: Any) -> bool:
    kinds = {"id": str, "rev": str, "sections": int}
    return isinstance(part, Mapping) and all(isinstance(part.get(name), kind) for name, kind in kinds.items())


def _whole(number: Any) -> int:
    return number if isinstance(number, int) else 0


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return _EPOCH
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
