"""The tables of the store: made by a rebuild in a schema of their own, never migrated.

- `state`: one row, the version of this layout, how many sections there are, and the next number, never given twice
- `documents`: what is held in which version; erased ones stay with their version
- `sections`: numbered from 0; everything that a filter or a citation asks for
- `vectors`: `german` has the stems of all words with the weights A heading, B number and law, C title, D text;
  `simple` has the same words as they are written
- `postings`: lexeme of `german` -> the sections that have it and what it is worth there, one row for 4,096 numbers
- `lexemes`: each lexeme once, for the pieces of long words
"""

VERSION = 1
BLOCK = 4096  # sections; a posting keeps their numbers as offsets of two bytes
# PostgreSQL's own `german` drops nicht, kein, ohne, kann, muss, soll; ours has its stemmer and no stop list
STATEMENTS = """
CREATE SCHEMA {schema};
CREATE TEXT SEARCH DICTIONARY {schema}.german_stem (TEMPLATE = pg_catalog.snowball, LANGUAGE = german);
CREATE TEXT SEARCH CONFIGURATION {schema}.german (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION {schema}.german ALTER MAPPING FOR asciiword, word, numword WITH {schema}.german_stem;
CREATE TABLE {schema}.state (version integer NOT NULL, section_count bigint NOT NULL, next_section integer NOT NULL);
CREATE TABLE {schema}.documents (
    document integer GENERATED ALWAYS AS IDENTITY UNIQUE,
    document_id text COLLATE "C" PRIMARY KEY,
    version integer NOT NULL,
    sha256 text NOT NULL,
    is_erased boolean NOT NULL,
    source text,
    media_type text,
    abbreviation text,
    ingested_at timestamptz
);
CREATE TABLE {schema}.sections (
    section integer PRIMARY KEY,
    document integer NOT NULL,
    section_id text COLLATE "C" NOT NULL,
    valid_from date,
    valid_to date,
    citations text[] NOT NULL
);
CREATE INDEX sections_by_document ON {schema}.sections (document);
CREATE INDEX sections_by_citation ON {schema}.sections USING gin (citations) WITH (fastupdate = off);
CREATE TABLE {schema}.vectors (section integer PRIMARY KEY, german tsvector NOT NULL, simple tsvector NOT NULL);
CREATE TABLE {schema}.postings (
    lexeme text COLLATE "C" NOT NULL,
    block integer NOT NULL,
    held integer NOT NULL,
    places smallint[] NOT NULL,
    impacts smallint[] NOT NULL,
    PRIMARY KEY (lexeme, block)
);
ALTER TABLE {schema}.postings ALTER COLUMN places SET STORAGE EXTERNAL, ALTER COLUMN impacts SET STORAGE EXTERNAL;
CREATE INDEX postings_without_sections ON {schema}.postings (lexeme) WHERE held = 0;
CREATE TABLE {schema}.lexemes (lexeme text COLLATE "C" PRIMARY KEY);
"""
FIRST_STATE = "INSERT INTO {schema}.state VALUES (%s, 0, 0)"
ANALYZE = "ANALYZE {schema}.documents, {schema}.sections, {schema}.vectors, {schema}.postings, {schema}.lexemes"
# without the extension the same statements read all lexemes, which is slower and not different
TRIGRAMS_AT_HAND = "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'"
ADD_TRIGRAMS = "CREATE EXTENSION IF NOT EXISTS pg_trgm"
TRIGRAM_SCHEMA = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'pg_trgm'"
TRIGRAM_INDEX = "CREATE INDEX lexemes_by_trigram ON {schema}.lexemes USING gin (lexeme {trigrams}.gin_trgm_ops)"


def quoted(name: str) -> str:
    """An identifier as it stands in SQL, whatever is in it."""
    return '"' + name.replace("\x00", "").replace('"', '""') + '"'


def configuration(schema: str) -> str:
    """The text search configuration of a schema, as SQL."""
    name = f"{quoted(schema)}.german".replace("'", "''")
    return f"'{name}'::regconfig"
