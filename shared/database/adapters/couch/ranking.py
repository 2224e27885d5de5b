"""From rows of the citation index to a ranked list: current ones only, filtered, best first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from shared.database.adapters.couch.documents import document_of, noted_parts
from shared.database.search_store import RankedSection
from shared.models.search import SearchFilters


def ranked(
    rows: Sequence[Mapping[str, Any]],
    heads: Mapping[str, Mapping[str, Any]],
    weights: Mapping[str, int],
    filters: SearchFilters,
) -> list[RankedSection]:
    """Sections by the weights of the keys that they answer to, added up; ties by section id.

    Args:
        rows: Of the index.
        heads: By document id.
        weights: Of the keys that were asked for. CouchDB compares keys by collation, so others may come along.
        filters: What sections must fulfil.
    """
    hits: dict[str, RankedSection] = {}
    for hit, key in _current(rows, heads, filters):
        known = hits.get(hit.section_id, hit)
        hits[hit.section_id] = replace(known, score=known.score + weights.get(key, 0))
    return sorted((hit for hit in hits.values() if hit.score > 0), key=lambda hit: (-hit.score, hit.section_id))


def _current(
    rows: Sequence[Mapping[str, Any]], heads: Mapping[str, Mapping[str, Any]], filters: SearchFilters
) -> Iterator[tuple[RankedSection, str]]:
    """Sections that pass, scored 0, each with the key that found it.

    A row counts only if the head of its document names its part in just this revision.
    """
    documents = {each: document_of(head) for each, head in heads.items()}
    named = {(part.id, part.rev) for head in heads.values() for part in noted_parts(head)}
    passing = {each for each, document in documents.items() if filters.admit_document(document)}
    for row in rows:
        document_id, rev, ordinal, valid_from, valid_to = row["value"]
        if document_id not in passing or (row["id"], rev) not in named:
            continue
        if filters.admit_dates(_day(valid_from), _day(valid_to)):
            version = documents[document_id].version
            yield RankedSection(f"{document_id}:{version}:{ordinal}", document_id, version, 0.0), row["key"]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
