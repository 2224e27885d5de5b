"""The ranked lists of the graph as Cypher, with every filter in it."""

from collections.abc import Mapping
from typing import Any

from shared.database.adapters.bolt.link import Row, Statements
from shared.database.adapters.bolt.rows import moment, sendable
from shared.models.search import SearchFilters

Conditions = tuple[str, Mapping[str, Any]]  # a WHERE clause, empty where nothing is asked, and its parameters
_OF_DOCUMENTS: Mapping[str, str] = {
    "source": "d.source IN $source",
    "media_type": "d.media_type IN $media_type",
    "abbreviation": "d.abbreviation IN $abbreviation",
    "document_id": "d.id IN $document_id",
    "ingested_from": "d.ingested_at >= $ingested_from",
    "ingested_until": "d.ingested_at < $ingested_until",
}
_OF_SECTIONS: Mapping[str, str] = {
    "valid_on": "coalesce(s.valid_from, $valid_on) <= $valid_on AND $valid_on <= coalesce(s.valid_to, $valid_on)",
}
_CITED = """
UNWIND $asked AS asked
MATCH (:ClaraNorm {{key: asked.key}})<-[:IS]-(s:ClaraSection)-[:OF]->(d:ClaraDocument) {where}
WITH s, sum(asked.weight) AS score
RETURN s.id, s.document_id, s.version, score ORDER BY score DESC, s.id LIMIT $top_k
"""


async def cited(statements: Statements, asked: Mapping[str, int], filters: SearchFilters, top_k: int) -> list[Row]:
    """Sections that answer to the asked keys: id, document id, version, sum of the weights; best first."""
    where, parameters = _where(filters, {**_OF_DOCUMENTS, **_OF_SECTIONS})
    asked_keys = [{"key": key, "weight": weight} for key, weight in asked.items()]
    return await statements.rows(_CITED.format(where=where), {**parameters, "asked": asked_keys, "top_k": top_k})


def document_conditions(filters: SearchFilters) -> Conditions:
    """Conditions on a document `d`."""
    return _where(filters, _OF_DOCUMENTS)


def section_conditions(filters: SearchFilters) -> Conditions:
    """Conditions on a section `s`."""
    return _where(filters, _OF_SECTIONS)


def _where(filters: SearchFilters, conditions: Mapping[str, str]) -> Conditions:
    values: dict[str, Any] = {
        "source": [sendable(value) for value in filters.source],
        "media_type": [sendable(value) for value in filters.media_type],
        "abbreviation": [sendable(value) for value in filters.abbreviation],
        "document_id": [sendable(value) for value in filters.document_id],
        "valid_on": filters.valid_on.isoformat() if filters.valid_on else None,
        "ingested_from": moment(filters.ingested_from) if filters.ingested_from else None,
        "ingested_until": moment(filters.ingested_until) if filters.ingested_until else None,
    }
    parameters = {name: value for name, value in values.items() if value and name in conditions}
    clause = " AND ".join(conditions[name] for name in parameters)
    return f"WHERE {clause}" if clause else "", parameters
