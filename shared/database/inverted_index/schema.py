"""The tables of the index; what stands in them can be thrown away and made again from the truth at any time."""

import sqlite3
from enum import IntEnum

SCHEMA_VERSION = 4
_TABLES = ("meta", "documents", "parts", "segments", "liveness", "links", "postings", "words", "sections")
PROBES = (
    "SELECT build FROM meta",
    "SELECT document_id, version FROM documents LIMIT 1",
    "SELECT p.first_row, s.documents, s.columns FROM parts p JOIN segments s ON s.segment = p.segment LIMIT 1",
    "SELECT live FROM liveness LIMIT 1",
    "SELECT identities, mentions FROM links LIMIT 1",
    "SELECT term, packed FROM postings LIMIT 1",
)
# of a segment that was merged into another one
DELETIONS = (
    "DELETE FROM postings WHERE segment = ?",
    "DELETE FROM links WHERE segment = ?",
    "DELETE FROM liveness WHERE segment = ?",
    "DELETE FROM segments WHERE segment = ?",
)
# `meta.build` tells states apart that number their segments alike. A document has a part in every segment that holds
# rows of it; rows of a part are consecutive.
_SCHEMA = """
CREATE TABLE meta (build TEXT NOT NULL);
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    digest BLOB NOT NULL,
    is_erased INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    document_id TEXT NOT NULL,
    segment INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    PRIMARY KEY (document_id, segment, first_row)
) WITHOUT ROWID;
CREATE TABLE segments (segment INTEGER PRIMARY KEY AUTOINCREMENT, documents TEXT NOT NULL, columns BLOB NOT NULL);
CREATE TABLE liveness (
    segment INTEGER PRIMARY KEY,
    generation INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    live_count INTEGER NOT NULL,
    live BLOB NOT NULL
);
CREATE TABLE links (
    segment INTEGER NOT NULL,
    section_row INTEGER NOT NULL,
    identities TEXT NOT NULL,
    mentions TEXT NOT NULL,
    PRIMARY KEY (segment, section_row)
) WITHOUT ROWID;
CREATE TABLE postings (
    segment INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    term TEXT NOT NULL,
    packed BLOB NOT NULL,
    PRIMARY KEY (segment, kind, term)
) WITHOUT ROWID
"""


class Kind(IntEnum):
    """What a term is."""

    STEM = 0
    PIECE = 1
    IDENTITY = 2
    MENTION = 3
    OPENING = 4  # a stem among the first words of a body


def is_built(connection: sqlite3.Connection) -> bool:
    """Whether these are our tables, whole and of this release."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return bool(version == SCHEMA_VERSION)


def recreate(connection: sqlite3.Connection, build: str) -> None:
    """Drop what there is and make the tables anew, inside the caller's transaction."""
    for table in _TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for statement in _SCHEMA.split(";"):  # not executescript(), which commits first
        connection.execute(statement)
    connection.execute("INSERT INTO meta (build) VALUES (?)", (build,))


def mark_built(connection: sqlite3.Connection) -> None:
    """From here on the tables are whole."""
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
