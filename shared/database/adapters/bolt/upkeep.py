"""Writes of the graph: whole documents in one transaction, apply-if-newer under their locks, nothing left over."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from shared.database.adapters.bolt.link import Row, Statements
from shared.database.adapters.bolt.rows import GraphRows, graph_rows
from shared.database.adapters.bolt.schema import LABELS
from shared.database.search_store import DocumentChange, HeldDocument

SECTIONS_PER_TRANSACTION = 500
_ROWS = 2_000
_DROP = 1_000

_LOCK = "UNWIND $rows AS id MERGE (d:ClaraDocument {id: id}) SET d.version = coalesce(d.version, 0)"
_HELD = "RETURN d.id, d.version, d.sha256, d.is_erased, COUNT { (d)<-[:OF]-(:ClaraSection) }"
_STATES = f"UNWIND $rows AS id MATCH (d:ClaraDocument {{id: id}}) {_HELD}"
_PAGE = f"MATCH (d:ClaraDocument) WHERE d.id > $after WITH d ORDER BY d.id LIMIT $limit {_HELD} ORDER BY d.id"

_KEYS = "UNWIND $rows AS id MATCH (:ClaraSection {document_id: id})-[:IS|CITES]->(n:ClaraNorm) RETURN DISTINCT n.key"
_DROP_SECTIONS = "UNWIND $rows AS id MATCH (s:ClaraSection {document_id: id}) DETACH DELETE s"
_DROP_DOCUMENTS = "UNWIND $rows AS id MATCH (d:ClaraDocument {id: id}) DETACH DELETE d"
_DROP_NORMS = "UNWIND $rows AS key MATCH (n:ClaraNorm {key: key}) WHERE NOT EXISTS { (n)--() } DELETE n"

_PUT_DOCUMENTS = "UNWIND $rows AS row MATCH (d:ClaraDocument {id: row.id}) SET d = row"
_PUT_SECTIONS = """
UNWIND $rows AS row MATCH (d:ClaraDocument {id: row.document_id})
CREATE (s:ClaraSection {id: row.id})-[:OF]->(d) SET s = row
"""
_PUT_FOLLOWS = """
UNWIND $rows AS row MATCH (s:ClaraSection {id: row.id}) MATCH (t:ClaraSection {id: row.next})
CREATE (s)-[:NEXT]->(t)
"""
_PUT_NORMS = "UNWIND $rows AS key MERGE (:ClaraNorm {key: key})"
_PUT_EDGES = """
UNWIND $rows AS row MATCH (s:ClaraSection {{id: row.id}}) MATCH (n:ClaraNorm {{key: row.key}})
CREATE (s)-[:{kind}]->(n)
"""
_PUT_IDENTITIES, _PUT_MENTIONS = _PUT_EDGES.format(kind="IS"), _PUT_EDGES.format(kind="CITES")


def parcels(changes: Iterable[DocumentChange]) -> Iterator[list[DocumentChange]]:
    """Changes in parcels of one transaction each; a document is never divided."""
    parcel: list[DocumentChange] = []
    size = 0
    for change in changes:
        parcel.append(change)
        size += 1 + len(change.sections)
        if size >= SECTIONS_PER_TRANSACTION:
            yield parcel
            parcel, size = [], 0
    if parcel:
        yield parcel


async def wanted(statements: Statements, changes: Sequence[DocumentChange]) -> list[DocumentChange]:
    """Those that would change what is held."""
    held = {state.document_id: state for state in await _states(statements, _ids(changes))}
    return [change for change in changes if _changes(held.get(change.document_id), change)]


async def replace(statements: Statements, changes: Sequence[DocumentChange], rows: GraphRows) -> int:
    """Put states in place of what is held, under the locks of their documents; returns how many changed.

    Args:
        statements: In a transaction.
        changes: At most one per document, in order of ids, so that rivals lock in the same order.
        rows: Of exactly these changes.
    """
    ids = _ids(changes)
    await statements.rows(_LOCK, {"rows": ids})
    held = {state.document_id: state for state in await _states(statements, ids)}
    fresh = [change for change in changes if _changes(held.get(change.document_id), change)]
    if len(fresh) < len(changes):  # somebody else was faster
        rows = graph_rows(fresh)
    loose = await _drop_sections(statements, _ids(fresh))
    await _put(statements, rows)
    await _each(statements, _DROP_NORMS, loose)
    return len(fresh)


async def drop(statements: Statements, document_ids: Sequence[str]) -> None:
    """Drop documents with all memory of them."""
    ids = sorted(set(document_ids))
    loose = await _drop_sections(statements, ids)
    await _each(statements, _DROP_DOCUMENTS, ids)
    await _each(statements, _DROP_NORMS, loose)


async def drop_some(statements: Statements) -> int:
    """Drop a bounded number of nodes, whatever they are; 0 when none is left."""
    for label in LABELS:
        text = f"MATCH (n:{label}) WITH n LIMIT $limit DETACH DELETE n RETURN count(*)"
        rows = await statements.rows(text, {"limit": _DROP})
        if rows and rows[0][0]:
            return int(rows[0][0])
    return 0


async def held_page(statements: Statements, after: str, limit: int) -> list[HeldDocument]:
    """What is held of the next documents behind an id, in order of ids."""
    return [_held(row) for row in await statements.rows(_PAGE, {"after": after, "limit": limit})]


def _changes(held: HeldDocument | None, change: DocumentChange) -> bool:
    if held is None or held.version != change.version:
        return held is None or held.version < change.version
    if held.is_erased or change.is_erased:
        return not held.is_erased
    return (held.sha256, held.section_count) != (change.sha256, len(change.sections))


async def _states(statements: Statements, ids: Sequence[str]) -> list[HeldDocument]:
    return [_held(row) for row in await statements.rows(_STATES, {"rows": ids})]


def _held(row: Row) -> HeldDocument:
    document_id, version, sha256, is_erased, sections = row
    return HeldDocument(document_id, version or 0, sha256 or "", sections, bool(is_erased))


def _ids(changes: Sequence[DocumentChange]) -> list[str]:
    return [change.document_id for change in changes]


async def _drop_sections(statements: Statements, ids: Sequence[str]) -> list[str]:
    """Drop the sections of documents; returns keys that perhaps nobody needs any more."""
    loose = [row[0] for row in await statements.rows(_KEYS, {"rows": ids})]
    await _each(statements, _DROP_SECTIONS, ids)
    return sorted(loose)


async def _put(statements: Statements, rows: GraphRows) -> None:
    await _each(statements, _PUT_DOCUMENTS, rows.documents)
    await _each(statements, _PUT_SECTIONS, rows.sections)
    await _each(statements, _PUT_FOLLOWS, rows.follows)
    await _each(statements, _PUT_NORMS, rows.keys)
    await _each(statements, _PUT_IDENTITIES, rows.identities)
    await _each(statements, _PUT_MENTIONS, rows.mentions)


async def _each(statements: Statements, text: str, rows: Sequence[Any]) -> None:
    for start in range(0, len(rows), _ROWS):
        await statements.rows(text, {"rows": rows[start : start + _ROWS]})
