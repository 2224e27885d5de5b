"""Filters in Chroma's terms: conditions on the metadata that stand beside every vector."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from shared.database.search_store import DocumentChange
from shared.models.document import StoredSection
from shared.models.search import SearchFilters

_FIRST_DAY, _LAST_DAY = 0, date.max.toordinal() + 1


def section_metadata(change: DocumentChange, stored: StoredSection) -> dict[str, Any]:
    """What a filter may ask of a section; days as proleptic ordinals, moments as seconds since 1970."""
    document, section = change.document, stored.section
    if document is None:
        raise ValueError(f"the erased document {change.document_id} has no sections")
    return {
        "document_id": change.document_id,
        "version": change.version,
        "source": document.source,
        "media_type": document.media_type,
        "abbreviation": document.abbreviation,
        "ingested_at": document.ingested_at.timestamp(),
        "valid_from": _FIRST_DAY if section.valid_from is None else section.valid_from.toordinal(),
        "valid_to": _LAST_DAY if section.valid_to is None else section.valid_to.toordinal(),
    }


def where(filters: SearchFilters) -> Mapping[str, Any] | None:
    """The condition for our own collections; None for none."""
    conditions: list[dict[str, Any]] = [
        {name: {"$in": list(chosen)}}
        for name in ("source", "media_type", "abbreviation", "document_id")
        if (chosen := getattr(filters, name))
    ]
    if filters.valid_on is not None:
        day = filters.valid_on.toordinal()
        conditions += [{"valid_from": {"$lte": day}}, {"valid_to": {"$gte": day}}]
    if filters.ingested_from is not None:
        conditions.append({"ingested_at": {"$gte": filters.ingested_from.timestamp()}})
    if filters.ingested_until is not None:
        conditions.append({"ingested_at": {"$lt": filters.ingested_until.timestamp()}})
    return joined(conditions)


def joined(conditions: list[dict[str, Any]]) -> Mapping[str, Any] | None:
    """All of them; Chroma wants neither an empty list nor a list of one."""
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return {"$and": conditions}
