"""Statements and choices of the ranked lists.

Keyword: BM25 over the postings of a query's lexemes, rarest first. Common lexemes tell little and cost most, so they
are read only while there is room for them. Then the best are looked at again in the `simple` vectors: each word that
stands there as it was written (fordern, not fördern; nicht; 2363/20) is worth something more. Sums are of integers, so
that equal sections have equal scores whatever order they were summed in.

Source: Robertson, Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.models.search import SearchFilters

UNIT = 1000  # of an impact and of an idf
# measured on headings and 107,485 sections: half the room loses a hundredth of nDCG@10, twice as much only takes time
MOST_POSTINGS = 20_000
MOST_POSTINGS_OF_PIECES = 12_000
ENOUGH_POSTINGS = 3_000  # from here on a lexeme has to tell something, beside the rarest one
_TELLING = 0.3
_LONG_LIST, _POSTINGS_PER_HIT = 1_000, 2  # a long list needs more postings to come from
LOOKED_AT_AGAIN = 50
_EXACT = 0.5 * UNIT * UNIT  # what a word in its exact spelling is worth, in BM25 units
SHORTEST_PIECE = 5
PIECES_PER_WORD = 32
WORDS_WITH_PIECES = 6  # the longest of a query; a long query is found by its words

# A lateral table with an offset is never joined by reading all postings, whatever the planner thinks of an array.
KNOWN_LEXEMES = """
SELECT s.version, s.section_count, a.lexeme, a.held FROM {schema}.state s LEFT JOIN (
    SELECT q.lexeme, sum(p.held) AS held
    FROM (SELECT lexeme FROM unnest(to_tsvector({config}, %(words)s))) q
    CROSS JOIN LATERAL (SELECT held FROM {schema}.postings p WHERE p.lexeme = q.lexeme OFFSET 0) p
    GROUP BY q.lexeme
) a ON true
"""
KNOWN_PIECES = """
WITH words AS MATERIALIZED (
    SELECT lexeme FROM unnest(to_tsvector({config}, %(words)s)) WHERE length(lexeme) >= %(shortest)s
    ORDER BY length(lexeme) DESC, lexeme LIMIT %(most_words)s
), pieces AS (
    SELECT w.lexeme AS word, x.lexeme FROM words w CROSS JOIN LATERAL (
        (SELECT l.lexeme FROM {schema}.lexemes l WHERE l.lexeme LIKE '%%' || w.lexeme || '%%'
        ORDER BY length(l.lexeme), l.lexeme LIMIT %(per_word)s)
        UNION
        SELECT l.lexeme FROM {schema}.lexemes l WHERE l.lexeme = ANY (ARRAY(
            SELECT substr(w.lexeme, start, size)
            FROM generate_series(1, length(w.lexeme)) a(start), generate_series(%(shortest)s, length(w.lexeme)) b(size)
            WHERE start + size <= length(w.lexeme) + 1
        ))
    ) x
), shares AS (
    SELECT lexeme, max(least(length(word), length(lexeme))::float8 / greatest(length(word), length(lexeme))) AS share
    FROM pieces GROUP BY lexeme
)
SELECT s.version, s.section_count, a.lexeme, a.held, a.share FROM {schema}.state s LEFT JOIN (
    SELECT x.lexeme, x.share, (SELECT sum(held) FROM {schema}.postings p WHERE p.lexeme = x.lexeme) AS held
    FROM shares x
) a ON a.held > 0
"""
SCORED = """
WITH scored AS (
    SELECT y.section, sum(y.part) AS score FROM (
        SELECT p.block * {block} + unnest(p.places) AS section, c.worth * unnest(p.impacts) AS part
        FROM unnest(%(lexemes)s::text[], %(worths)s::integer[]) c(lexeme, worth)
        CROSS JOIN LATERAL (
            SELECT block, places, impacts FROM {schema}.postings p WHERE p.lexeme = c.lexeme COLLATE "C" OFFSET 0
        ) p
    ) y GROUP BY y.section
), best AS MATERIALIZED (
    SELECT x.section, x.score FROM {filtered} ORDER BY x.score DESC FETCH FIRST %(depth)s ROWS WITH TIES
)"""
UNFILTERED = "scored x"
# asked in order of the scores, until enough have passed: most filters let most pass
FILTERED = """(SELECT section, score FROM scored ORDER BY score DESC OFFSET 0) x CROSS JOIN LATERAL (
        SELECT 1 FROM {schema}.sections f JOIN {schema}.documents g ON g.document = f.document
        WHERE f.section = x.section{conditions} OFFSET 0
    ) y"""
PLAIN_HITS = """
SELECT s.section_id, b.score / {unit}::float8
FROM best b JOIN {schema}.sections s USING (section) ORDER BY b.score DESC, s.section_id LIMIT %(top_k)s
"""
EXACT_HITS = """
, placed AS MATERIALIZED (
    SELECT b.section, b.score, s.section_id, row_number() OVER (ORDER BY b.score DESC, s.section_id) AS place
    FROM best b JOIN {schema}.sections s USING (section)
), again AS MATERIALIZED (
    SELECT p.section_id, p.score + CASE WHEN p.place > {again} THEN 0 ELSE (
        SELECT round(%(exact)s * ts_rank('{{1,1,1,1}}'::real[], v.simple, %(spelled)s::tsquery))::bigint
        FROM {schema}.vectors v WHERE v.section = p.section
    ) END AS score
    FROM placed p
)
SELECT section_id, score / {unit}::float8 FROM again ORDER BY score DESC, section_id LIMIT %(top_k)s
"""
CITED = """
SELECT x.section_id, sum(k.weight)::float8 AS score
FROM {schema}.sections x JOIN {schema}.documents d USING (document)
JOIN unnest(%(keys)s::text[], %(weights)s::int[]) k(key, weight) ON k.key = ANY (x.citations)
WHERE x.citations && %(keys)s::text[]{conditions}
GROUP BY x.section_id ORDER BY score DESC, x.section_id LIMIT %(top_k)s
"""
STATE = "SELECT version, section_count FROM {schema}.state"


@dataclass(frozen=True, slots=True)
class KnownLexeme:
    """A lexeme that the store has.

    Args:
        held: In how many sections.
        share: 0 … 1; how much of a word of the query it is.
    """

    lexeme: str
    held: int
    share: float = 1.0


def chosen(
    known: Sequence[KnownLexeme], *, section_count: int, depth: int, room: int = MOST_POSTINGS
) -> dict[str, int]:
    """Lexemes whose postings are read, rarest first, each with what it is worth.

    Args:
        known: The lexemes of the query that the store has.
        section_count: Of the store.
        depth: How many hits are wanted.
        room: Most postings that are read, unless so many hits need more.
    """
    wanted = depth * _POSTINGS_PER_HIT if depth > _LONG_LIST else 0
    enough, most = max(ENOUGH_POSTINGS, wanted), max(room, wanted)
    worths: dict[str, int] = {}
    rarest = read = 0.0
    for each in sorted(known, key=lambda each: (each.held, each.lexeme)):
        tells = idf(each.held, section_count)
        read += each.held
        if worths and (read > most or (read > enough and tells < _TELLING * rarest)):
            break
        rarest = rarest or tells
        worths[each.lexeme] = max(1, round(each.share * tells * UNIT))
    return worths


def idf(held: int, section_count: int) -> float:
    """How much a lexeme tells, > 0, in natural units of information."""
    return math.log1p(max(0.0, section_count - held + 0.5) / (held + 0.5))


def exact_spellings(words: Sequence[str], *, most: int = 64) -> tuple[str, float]:
    """A tsquery for any of the words as they are written, and by what `ts_rank` is multiplied to count them."""
    unique = list(dict.fromkeys(words))[:most]
    # letters and digits only, quoted: nothing can be an operator
    return " | ".join(f"'{word}'" for word in unique), _EXACT * len(unique)


def conditions(filters: SearchFilters, *, section: str, document: str) -> tuple[str, dict[str, Any]]:
    """SQL that is to follow `WHERE true`, and its parameters; empty if everything passes.

    Args:
        filters: What hits must fulfil.
        section: Alias of the table of sections.
        document: Alias of the table of documents.
    """
    asked: Mapping[str, tuple[str, ...]] = {
        "source": filters.source,
        "media_type": filters.media_type,
        "abbreviation": filters.abbreviation,
        "document_id": filters.document_id,
    }
    parts = [f"{document}.{name} = ANY (%({name})s::text[])" for name, given in asked.items() if given]
    values: dict[str, Any] = {name: list(map(storable, given)) for name, given in asked.items() if given}
    if filters.valid_on is not None:
        values["valid_on"] = filters.valid_on
        parts.append(f"({section}.valid_from IS NULL OR {section}.valid_from <= %(valid_on)s)")
        parts.append(f"({section}.valid_to IS NULL OR %(valid_on)s <= {section}.valid_to)")
    for name, moment, compare in (("from", filters.ingested_from, ">="), ("until", filters.ingested_until, "<")):
        if moment is not None:
            values[f"ingested_{name}"] = moment
            parts.append(f"{document}.ingested_at {compare} %(ingested_{name})s")
    return "".join(f" AND {part}" for part in parts), values


def storable(text: str) -> str:
    """A text that PostgreSQL can take; what it cannot hold it cannot have, so the change makes nothing match."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
