"""Documents in databases that are not ours: which field means what, and how a row becomes a section.

Such a database is only read. Its rows have no registered document, so a hit carries its section itself; its ids are
derived from the source's name and the row's id, and so are equal in every search and on every installation.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from shared.database.search_store import RankedSection
from shared.models.document import Section, StoredSection
from shared.models.search import SearchFilters

_VERSION = 1
_LONGEST_HEADING = 500


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Names of columns, properties or metadata keys; empty where the database has nothing of the kind.

    Args:
        id: Unique within the source; kept as the path of what is found.
        text: The body.
        title: Of the document.
        heading: Of the section.
        number: As it is cited ("§ 2", an Aktenzeichen).
        abbreviation: Short name of the law or collection.
        media_type: IANA media type.
        valid_from: First day in force.
        valid_to: Last day in force.
        ingested_at: When the row was registered or changed.
    """

    id: str
    text: str
    title: str = ""
    heading: str = ""
    number: str = ""
    abbreviation: str = ""
    media_type: str = ""
    valid_from: str = ""
    valid_to: str = ""
    ingested_at: str = ""

    def named(self) -> Mapping[str, str]:
        """Meaning -> name in the database, of what is mapped."""
        return {each.name: name for each in fields(self) if (name := getattr(self, each.name))}


def excludes_source(filters: SearchFilters, source: str, mapping: FieldMapping) -> bool:
    """Whether no row can pass: another source is asked for, our ids are, or a field that the database does not have."""
    if filters.document_id or (filters.source and source not in filters.source):
        return True
    asked = {
        "media_type": filters.media_type,
        "abbreviation": filters.abbreviation,
        "ingested_at": filters.ingested_from or filters.ingested_until,
    }
    return any(value and not getattr(mapping, name) for name, value in asked.items())


def foreign_section(source: str, row: Mapping[str, Any], score: float) -> RankedSection:
    """A hit of a foreign row.

    Args:
        source: Name of the source.
        row: Meaning (a field of `FieldMapping`) -> value, as the driver gives it; `id` and `text` are there.
        score: By the list that found it.
    """
    native_id, text = str(row["id"]), _text(row.get("text"))
    document_id = f"ext_{source}_{hashlib.sha256(native_id.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
    section = Section(
        ordinal=0,
        heading=_text(row.get("heading"))[:_LONGEST_HEADING],
        text=text,
        start=0,
        end=len(text),
        number=_text(row.get("number")),
        valid_from=_day(row.get("valid_from")),
        valid_to=_day(row.get("valid_to")),
    )
    stored = StoredSection(
        section_id=f"{document_id}:{_VERSION}:0",
        document_id=document_id,
        version=_VERSION,
        document_title=_text(row.get("title")) or native_id,
        abbreviation=_text(row.get("abbreviation")),
        source=source,
        path=native_id,
        section=section,
    )
    return RankedSection(stored.section_id, document_id, _VERSION, score, stored)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def _day(value: Any) -> date | None:
    """A date from a driver's date, date-time or ISO text; None for anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
