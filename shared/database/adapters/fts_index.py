"""The full-text index of the embedded search store: its schema, its rows, its query language (FTS5 with BM25).

The index is contentless: the truth holds the texts, this file holds words and positions. SQLite before 3.43 can remove
a row from such an index only when it is told exactly what was indexed, so each document keeps that, packed (about a
quarter of the text; an external-content table would hold all of it).

Diacritics are kept: German tells words apart by them (fordern and fördern, zahlen and zählen, wurde and würde). "ß" is
"ss" on both sides, since laws in force are written in the old and the new spelling (Beschluß, Beschluss).
"""

import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Sequence

from shared.database.citations import citation_words, cited_words, folded
from shared.models.document import StoredSection

Batch = Iterable[tuple[str, int, Sequence[StoredSection]]]

SCHEMA_VERSION = 2
MAX_LEXEMES = 64  # further words of a long query change the order little and cost as much as the first
_LEXEME = re.compile(r"[^\W_]+")
_SCHEMA = """
CREATE TABLE documents (
    doc INTEGER PRIMARY KEY,
    document_id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    source TEXT NOT NULL,
    indexed BLOB NOT NULL
);
CREATE TABLE sections (row INTEGER PRIMARY KEY, doc INTEGER NOT NULL, ordinal INTEGER NOT NULL);
CREATE INDEX sections_by_doc ON sections (doc);
CREATE VIRTUAL TABLE words USING fts5 (
    citation, title, heading, body, content='', tokenize='unicode61 remove_diacritics 0'
)
"""
_DROP = "DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS sections; DROP TABLE IF EXISTS documents"
# weights in the order of the columns: a number with its law is meant when it is written, a heading says what a body is
# about, a title stands over all sections of a law alike
MATCHING = """
SELECT d.document_id || ':' || d.version || ':' || s.ordinal AS section_id, d.document_id, d.version,
    -bm25(words, 8.0, 1.0, 3.0, 1.0) AS score
FROM words CROSS JOIN sections s ON s.row = words.rowid CROSS JOIN documents d ON d.doc = s.doc
WHERE words MATCH :query AND (:sources IS NULL OR d.source IN (SELECT value FROM json_each(:sources)))
ORDER BY score DESC, section_id LIMIT :top_k
"""
WHOLE = """
SELECT d.document_id || ':' || d.version || ':' || s.ordinal AS section_id, d.document_id, d.version, 0.0 AS score
FROM sections s JOIN documents d ON d.doc = s.doc
WHERE :query IS NOT NULL AND (:sources IS NULL OR d.source IN (SELECT value FROM json_each(:sources)))
ORDER BY section_id LIMIT :top_k
"""
PROBES = (
    "SELECT rowid FROM words WHERE words MATCH 'a' LIMIT 1",
    "SELECT 1 FROM documents d JOIN sections s ON s.doc = d.doc LIMIT 1",
)


def recreate(connection: sqlite3.Connection) -> None:
    """Drop what there is and make the tables anew, inside the caller's transaction."""
    # not executescript(), which commits first
    for statement in (*_DROP.split(";"), *_SCHEMA.split(";")):
        connection.execute(statement)


def match_expression(query_text: str) -> str:
    """FTS5 expression for "any of the words": each is quoted, so that nothing in a query is syntax; may be empty."""
    lexemes = dict.fromkeys(_LEXEME.findall(folded(query_text).lower()))
    wanted = (*cited_words(query_text), *list(lexemes)[:MAX_LEXEMES])
    return " OR ".join(f'"{lexeme}"' for lexeme in wanted)


def insert(connection: sqlite3.Connection, batch: Batch) -> int:
    """Put documents in, unless a newer version is there; returns how many were offered."""
    count = 0
    for document_id, version, sections in batch:
        count += 1
        indexed = zlib.compress(json.dumps([_columns(section) for section in sections]).encode(), level=1)
        known = connection.execute(
            "SELECT doc, version, indexed FROM documents WHERE document_id = ?", (document_id,)
        ).fetchone()
        if known is not None:
            doc, known_version, known_indexed = known
            if known_version > version or (known_version == version and known_indexed == indexed):
                continue
            _remove(connection, doc, known_indexed)
        source = sections[0].source if sections else ""
        doc = connection.execute(
            "INSERT INTO documents (document_id, version, source, indexed) VALUES (?, ?, ?, ?)",
            (document_id, version, source, indexed),
        ).lastrowid
        for section in sections:
            row = connection.execute(
                "INSERT INTO sections (doc, ordinal) VALUES (?, ?)", (doc, section.section.ordinal)
            ).lastrowid
            connection.execute(
                "INSERT INTO words (rowid, citation, title, heading, body) VALUES (?, ?, ?, ?, ?)",
                (row, *_columns(section)),
            )
    return count


def _remove(connection: sqlite3.Connection, doc: int, indexed: bytes) -> None:
    rows = connection.execute("SELECT row FROM sections WHERE doc = ? ORDER BY row", (doc,)).fetchall()
    for (row,), columns in zip(rows, json.loads(zlib.decompress(indexed)), strict=True):
        connection.execute(
            "INSERT INTO words (words, rowid, citation, title, heading, body) VALUES ('delete', ?, ?, ?, ?, ?)",
            (row, *columns),
        )
    connection.execute("DELETE FROM sections WHERE doc = ?", (doc,))
    connection.execute("DELETE FROM documents WHERE doc = ?", (doc,))


def _columns(stored: StoredSection) -> tuple[str, str, str, str]:
    section = stored.section
    citation = " ".join((stored.abbreviation, section.number, *citation_words(section.number, stored.abbreviation)))
    texts = (citation, stored.document_title, section.heading, section.text)
    return folded(texts[0]), folded(texts[1]), folded(texts[2]), folded(texts[3])
