"""How documents get into the tables and out of them, inside a transaction that holds the writers' lock."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.database.adapters.postgres.ranking import UNIT, storable
from shared.database.adapters.postgres.schema import BLOCK
from shared.database.adapters.postgres.words import indexed_words
from shared.database.citations import identity_keys
from shared.database.search_store import DocumentChange
from shared.models.document import Document, StoredSection

if TYPE_CHECKING:
    from shared.database.adapters.postgres.bounded import BoundedConnection

SECTIONS_AT_ONCE = 1000
CHARS_AT_ONCE = 4_000_000
_K1, _B = 1.2, 0.75
# words of a section of middling length; fixed, so that a score does not depend on what was stored before
_MIDDLING = 180
_HEADING = 3  # times a word of the text
_LONGEST_NAME = 5000  # characters of a heading or a title; with the text they share one vector

_KNOWN = """
SELECT document_id, document, version, sha256, is_erased,
    (SELECT count(*) FROM {schema}.sections s JOIN {schema}.vectors v USING (section) WHERE s.document = d.document)
FROM {schema}.documents d WHERE document_id = ANY (%s::text[])
"""
_PUT_DOCUMENTS = """
INSERT INTO {schema}.documents (document_id, version, sha256, is_erased, source, media_type, abbreviation, ingested_at)
SELECT * FROM unnest(
    %s::text[], %s::int[], %s::text[], %s::bool[], %s::text[], %s::text[], %s::text[], %s::timestamptz[]
)
ON CONFLICT (document_id) DO UPDATE SET version = excluded.version, sha256 = excluded.sha256,
    is_erased = excluded.is_erased, source = excluded.source, media_type = excluded.media_type,
    abbreviation = excluded.abbreviation, ingested_at = excluded.ingested_at
RETURNING document_id, document
"""
_SECTIONS = "SELECT section FROM {schema}.sections WHERE document = ANY (%s::int[]) ORDER BY section"
_NUMBERS = "UPDATE {schema}.state SET next_section = next_section + %s RETURNING next_section"
_PUT_SECTIONS = """
INSERT INTO {schema}.sections (section, document, section_id, valid_from, valid_to, citations)
SELECT section, document, section_id, valid_from, valid_to, string_to_array(citations, ' ')
FROM unnest(%s::int[], %s::int[], %s::text[], %s::date[], %s::date[], %s::text[])
    x(section, document, section_id, valid_from, valid_to, citations)
"""
_PUT_VECTORS = """
INSERT INTO {schema}.vectors (section, german, simple)
SELECT section,
    setweight(to_tsvector({config}, heading), 'A') || setweight(to_tsvector({config}, law), 'B')
    || setweight(to_tsvector({config}, title), 'C') || setweight(to_tsvector({config}, body), 'D'),
    to_tsvector('pg_catalog.simple', concat_ws(' ', heading, law, title, body))
FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::text[]) x(section, heading, law, title, body)
"""
_PUT_POSTINGS = """
WITH put AS (
INSERT INTO {schema}.postings AS p (lexeme, block, held, places, impacts)
SELECT lexeme, section / {block}, count(*),
    array_agg((section %% {block})::smallint),  -- both in the order in which the rows come
    array_agg((round({unit} * tf * ({k1} + 1) / (tf + {k1} * (1 - {b} + {b} * words / {middling}))))::smallint)
FROM (
    SELECT v.section, x.words, u.lexeme,
        (cardinality(u.positions) + {more} * coalesce(cardinality(array_positions(u.weights, 'A')), 0))::float8 AS tf
    FROM unnest(%s::int[], %s::float8[]) x(section, words)
    JOIN {schema}.vectors v USING (section) CROSS JOIN LATERAL unnest(v.german) u
) y
GROUP BY lexeme, section / {block} ORDER BY lexeme
ON CONFLICT (lexeme, block) DO UPDATE
    SET held = p.held + excluded.held, places = p.places || excluded.places, impacts = p.impacts || excluded.impacts
RETURNING lexeme
)
INSERT INTO {schema}.lexemes SELECT DISTINCT lexeme FROM put WHERE length(lexeme) BETWEEN 5 AND 60
ON CONFLICT DO NOTHING
"""
_EMPTY_POSTINGS = """
UPDATE {schema}.postings p SET (held, places, impacts) = (
    SELECT count(*), coalesce(array_agg(u.place), '{{}}'), coalesce(array_agg(u.impact), '{{}}')
    FROM unnest(p.places, p.impacts) u(place, impact)
    WHERE p.block * {block} + u.place <> ALL (t.sections)
)
FROM (
    SELECT u.lexeme COLLATE "C" AS lexeme, v.section / {block} AS block, array_agg(v.section) AS sections
    FROM {schema}.vectors v, unnest(v.german) u WHERE v.section = ANY (%s::int[]) GROUP BY 1, 2
) t
WHERE p.lexeme = t.lexeme AND p.block = t.block
"""
_DROP_POSTINGS = "DELETE FROM {schema}.postings WHERE held = 0 RETURNING lexeme"
_DROP_LEXEMES = """
DELETE FROM {schema}.lexemes WHERE lexeme IN (
    SELECT g.lexeme FROM unnest(%s::text[]) g(lexeme)
    WHERE (SELECT p.block FROM {schema}.postings p WHERE p.lexeme = g.lexeme COLLATE "C" LIMIT 1) IS NULL
)
"""
_DROP_VECTORS = "DELETE FROM {schema}.vectors WHERE section = ANY (%s::int[])"
_DROP_SECTIONS = "DELETE FROM {schema}.sections WHERE section = ANY (%s::int[])"
_COUNT = "UPDATE {schema}.state SET section_count = section_count + %s"
_FORGET = "DELETE FROM {schema}.documents WHERE document_id = ANY (%s::text[])"


@dataclass(frozen=True, slots=True)
class Known:
    """What the tables hold of a document."""

    document: int
    version: int
    sha256: str
    is_erased: bool
    section_count: int

    def is_older_than(self, change: DocumentChange) -> bool:
        """Whether the change says something that is not held; of one version, an erasure is the last word."""
        if self.version != change.version:
            return self.version < change.version
        if self.is_erased or change.is_erased:
            return not self.is_erased
        return (self.sha256, self.section_count) != (change.sha256, len(change.sections))


def batches(changes: Iterable[DocumentChange]) -> Iterator[list[DocumentChange]]:
    """Changes in groups that one transaction takes well; a document is never divided."""
    batch: list[DocumentChange] = []
    sections = chars = 0
    for change in changes:
        batch.append(change)
        sections += 1 + len(change.sections)
        chars += sum(len(section.section.text) for section in change.sections)
        if sections >= SECTIONS_AT_ONCE or chars >= CHARS_AT_ONCE:
            yield batch
            batch, sections, chars = [], 0, 0
    if batch:
        yield batch


class Writer:
    """Writes into the tables of one schema by a connection that is in a transaction.

    Args:
        schema: Quoted.
        config: The text search configuration, as a literal.
        prolong: Called before each statement, which gets its own time: a document may have any length.
    """

    def __init__(self, connection: "BoundedConnection", schema: str, config: str, prolong: Callable[[], None]) -> None:
        self._connection = connection
        self._prolong = prolong
        self._names: dict[str, Any] = {"schema": schema, "config": config, "block": BLOCK, "unit": UNIT}
        self._names |= {"k1": _K1, "b": _B, "middling": _MIDDLING, "more": _HEADING - 1}

    def put(self, changes: Sequence[DocumentChange]) -> int:
        """Hold these states unless newer ones are held; returns how many were news."""
        known = self._known([change.document_id for change in changes])
        news: dict[str, DocumentChange] = {}
        for change in changes:
            held = known.get(change.document_id)
            offered = news.get(change.document_id)
            if (held is None or held.is_older_than(change)) and (offered is None or _follows(offered, change)):
                news[change.document_id] = change
        self._drop_sections([known[each] for each in news if each in known])
        documents = self._put_documents([news[each] for each in sorted(news)])
        self._put_sections(documents, news)
        return len(news)

    def forget(self, document_ids: Sequence[str]) -> None:
        """Drop documents with the memory of their versions."""
        ids = [storable(each) for each in document_ids]
        self._drop_sections(list(self._known(ids).values()))
        self._run(_FORGET, ids)

    def _known(self, document_ids: Sequence[str]) -> dict[str, Known]:
        return {row[0]: Known(*row[1:]) for row in self._run(_KNOWN, list(document_ids))}

    def _drop_sections(self, known: Sequence[Known]) -> None:
        pending = iter(self._run(_SECTIONS, [each.document for each in known]))
        while slice_ := [section for (section,) in itertools.islice(pending, SECTIONS_AT_ONCE)]:
            self._run(_EMPTY_POSTINGS, slice_)
            self._run(_DROP_LEXEMES, [lexeme for (lexeme,) in self._run(_DROP_POSTINGS)])
            self._run(_DROP_VECTORS, slice_)
            self._run(_DROP_SECTIONS, slice_)
            self._run(_COUNT, -len(slice_))

    def _put_documents(self, changes: Sequence[DocumentChange]) -> dict[str, int]:
        if not changes:
            return {}
        rows = [(c.document_id, c.version, c.sha256, c.is_erased, *_of_document(c.document)) for c in changes]
        return dict(self._run(_PUT_DOCUMENTS, *map(list, zip(*rows, strict=True))))

    def _put_sections(self, documents: dict[str, int], news: dict[str, DocumentChange]) -> None:
        pending = ((number, news[name], each) for name, number in documents.items() for each in news[name].sections)
        while slice_ := list(_within_limits(pending)):
            ((end,),) = self._run(_NUMBERS, len(slice_))
            numbers = list(range(end - len(slice_), end))
            rows = [(document, *_of_section(change.document, stored)) for document, change, stored in slice_]
            self._run(_PUT_SECTIONS, numbers, *map(list, zip(*rows, strict=True)))
            texts = [_texts(stored) for _, _, stored in slice_]
            columns = ([" ".join(words) for words in column] for column in zip(*texts, strict=True))
            self._run(_PUT_VECTORS, numbers, *columns)
            self._run(_PUT_POSTINGS, numbers, [float(sum(map(len, parts))) for parts in texts])
            self._run(_COUNT, len(slice_))

    def _run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        self._prolong()
        cursor = self._connection.execute(statement.format(**self._names), values)
        return cursor.fetchall() if cursor.description else []


def _follows(offered: DocumentChange, change: DocumentChange) -> bool:
    """Whether a later change of the same document replaces an earlier one of the same batch."""
    if offered.version == change.version:
        return change.is_erased or not offered.is_erased
    return offered.version < change.version


def _within_limits(
    pending: Iterator[tuple[int, DocumentChange, StoredSection]],
) -> Iterator[tuple[int, DocumentChange, StoredSection]]:
    chars = 0
    for item in itertools.islice(pending, SECTIONS_AT_ONCE):
        yield item
        chars += len(item[2].section.text)
        if chars >= CHARS_AT_ONCE:
            return


def _of_document(document: Document | None) -> tuple[Any, ...]:
    if document is None:
        return (None,) * 4
    texts = (document.source, document.media_type, document.abbreviation)
    return (*map(storable, texts), document.ingested_at)


def _of_section(document: Document | None, stored: StoredSection) -> tuple[Any, ...]:
    section = stored.section
    keys = identity_keys(document, section) if document else []
    return stored.section_id, section.valid_from, section.valid_to, " ".join(keys)


def _texts(stored: StoredSection) -> tuple[list[str], ...]:
    """Words of the heading, of number and law, of the title, of the text."""
    section = stored.section
    names = (section.heading, f"{section.number} {stored.abbreviation}", stored.document_title)
    return (*(indexed_words(name[:_LONGEST_NAME]) for name in names), indexed_words(section.text))
