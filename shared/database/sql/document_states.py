"""What derived stores should hold, as the truth has it: newest versions, and what was erased."""

from collections.abc import Sequence
from itertools import groupby

from sqlalchemy import Connection, Integer, Text, false, literal, select, true, union_all

from shared.database.search_store import DocumentChange, HeldDocument
from shared.database.sql.document_reads import batches, newest_versions, section_rows
from shared.database.sql.rows import document_from, section_from
from shared.database.tables import document_versions, documents, erased_documents, sections

_PATHS_PER_QUERY = 500


def erased_paths(connection: Connection, source: str, paths: Sequence[str]) -> set[str]:
    """Those of the paths whose documents were erased."""
    erased = erased_documents.c
    found: set[str] = set()
    for batch in batches(paths, _PATHS_PER_QUERY):
        query = select(erased.path).where(erased.source == source, erased.path.in_(batch))
        found.update(connection.scalars(query))
    return found


def states_of(connection: Connection, document_ids: Sequence[str]) -> list[DocumentChange]:
    """States of a batch of ids, ordered by id."""
    if not document_ids:
        return []
    query = newest_versions().where(documents.c.document_id.in_(document_ids))
    known = {row["document_id"]: document_from(row) for row in connection.execute(query).mappings()}
    rows = connection.execute(
        section_rows()
        .where(documents.c.document_id.in_(document_ids), sections.c.version == documents.c.version)
        .order_by(documents.c.document_id, sections.c.ordinal)
    ).mappings()
    bodies = {key: list(group) for key, group in groupby(map(section_from, rows), key=lambda each: each.document_id)}
    states = [
        DocumentChange(document_id, document.version, document, bodies.get(document_id, []))
        for document_id, document in known.items()
    ]
    erased = erased_documents.c
    gone = select(erased.document_id, erased.version).where(erased.document_id.in_(document_ids))
    states += [DocumentChange(document_id, version, None) for document_id, version in connection.execute(gone)]
    return sorted(states, key=lambda state: state.document_id)


def ids_ever_after(connection: Connection, after: str, limit: int) -> list[str]:
    """Ids of documents and of erased ones, in order."""
    ever = union_all(select(documents.c.document_id), select(erased_documents.c.document_id)).subquery()
    query = select(ever.c.document_id).where(ever.c.document_id > after).order_by(ever.c.document_id).limit(limit)
    return list(connection.scalars(query))


def held_after(connection: Connection, after: str, limit: int) -> list[HeldDocument]:
    """What stores should hold of the next ids, in order."""
    version = document_versions.c
    kept = select(
        documents.c.document_id, documents.c.version, version.sha256, version.section_count, false().label("is_erased")
    ).join(
        document_versions, (version.document_id == documents.c.document_id) & (version.version == documents.c.version)
    )
    erased = erased_documents.c
    no_hash, no_sections = literal("", Text).label("sha256"), literal(0, Integer).label("section_count")
    gone = select(erased.document_id, erased.version, no_hash, no_sections, true().label("is_erased"))
    both = union_all(kept.where(documents.c.document_id > after), gone.where(erased.document_id > after)).subquery()
    query = select(both).order_by(both.c.document_id).limit(limit)
    rows = connection.execute(query).mappings()
    return [HeldDocument(**{**row, "is_erased": bool(row["is_erased"])}) for row in rows]
