from collections.abc import Iterator
from datetime import UTC, date, datetime

import psycopg
import pytest

from shared.database.adapters.postgres import ForeignPostgresSource, PostgresFailed
from shared.database.search_store import Question
from shared.database.uds3.foreign import FieldMapping
from shared.models.search import RankedList, SearchFilters
from tests.integration.shared.database.adapters.conftest import USER

pytestmark = pytest.mark.postgres
MAPPING = FieldMapping(
    id="Nr",
    text='Wort"laut',
    title="titel",
    heading="select",
    number="aktenzeichen",
    abbreviation="kurz",
    media_type="art",
    valid_from="ab",
    valid_to="bis",
    ingested_at="geändert",
)
TABLE = """
DROP SCHEMA IF EXISTS akten CASCADE;
CREATE SCHEMA akten;
CREATE TABLE akten."Bescheide" (
    "Nr" integer PRIMARY KEY, "Wort""laut" text, titel text, "select" text, aktenzeichen text, kurz text, art text,
    ab date, bis date, "geändert" timestamptz, "such vektor" tsvector
);
INSERT INTO akten."Bescheide" VALUES
    (1, 'Die Gebühren des Landes', 'Gebührenbescheid', 'Gebühr', '4 A 2363/20', 'GebG', 'text/plain',
     '2020-01-01', '2020-12-31', '2026-01-01+00'),
    (2, 'Hunde zahlen keine Gebühr', 'Hundesatzung', 'Hunde', '§ 2', 'HundG', 'text/html',
     NULL, NULL, '2026-02-01+00'),
    (3, 'Katzen schlafen', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
UPDATE akten."Bescheide" SET "such vektor" = to_tsvector('german', "Wort""laut");
"""


@pytest.fixture(scope="module", autouse=True)
def _rows(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(TABLE)
        connection.execute(f"GRANT USAGE ON SCHEMA akten TO {USER}")
        connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA akten TO {USER}")


@pytest.fixture(params=["", "such vektor"], ids=["texts", "vector-column"])
def source(request: pytest.FixtureRequest, user_url: str) -> Iterator[ForeignPostgresSource]:
    made = ForeignPostgresSource(
        "bescheide", user_url, table="akten.Bescheide", mapping=MAPPING, vector_column=request.param
    )
    yield made
    made.close()


def paths(source: ForeignPostgresSource, query: str, /, *, top_k: int = 10, **filters: object) -> list[str]:
    asked = Question(query, SearchFilters(**filters))  # type: ignore[arg-type]
    hits = source.rank(RankedList.KEYWORD, asked, top_k=top_k)
    return [hit.section.path for hit in hits if hit.section is not None]


def test_rows_are_found_by_any_word_in_any_form(source: ForeignPostgresSource) -> None:
    assert source.check() == "ok"
    assert set(paths(source, "Gebühr für den Hund")) == {"1", "2"}
    assert paths(source, "Katze oder Maus") == ["3"]
    assert paths(source, "Elefant") == []
    assert paths(source, "§ !") == []
    assert len(paths(source, "Gebühr", top_k=1)) == 1
    assert len(paths(source, "Gebühr", top_k=100_000)) == 2


def test_a_hit_is_a_section_with_what_the_mapping_names(source: ForeignPostgresSource) -> None:
    (hit,) = source.rank(RankedList.KEYWORD, Question("Land"), top_k=5)

    assert hit.section is not None
    section = hit.section.section
    assert (hit.section.source, hit.section.path, hit.section.document_title) == ("bescheide", "1", "Gebührenbescheid")
    assert (section.heading, section.number, section.text) == ("Gebühr", "4 A 2363/20", "Die Gebühren des Landes")
    assert (section.valid_from, section.valid_to) == (date(2020, 1, 1), date(2020, 12, 31))
    assert hit.score > 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"abbreviation": ("GebG",)}, {"1"}),
        ({"media_type": ("text/html", "x'\x00")}, {"2"}),
        ({"valid_on": date(2021, 1, 1)}, {"2"}),
        ({"valid_on": date(2020, 12, 31)}, {"1", "2"}),
        ({"ingested_from": datetime(2026, 2, 1, tzinfo=UTC)}, {"2"}),
        ({"ingested_until": datetime(2026, 2, 1, tzinfo=UTC)}, {"1"}),
        ({"source": ("bescheide",)}, {"1", "2"}),
        ({"source": ("andere",)}, set()),
        ({"document_id": ("doc_1",)}, set()),
    ],
)
def test_filters_are_applied_by_mapped_columns(
    source: ForeignPostgresSource, filters: dict[str, object], expected: set[str]
) -> None:
    assert set(paths(source, "Gebühren", **filters)) == expected


@pytest.mark.parametrize("query", ["Gebühr'", "Gebühr | !", "'; DROP TABLE x; --", "Gebühr & (", "\\", "%s {0} \x00"])
def test_nothing_in_a_query_is_syntax(source: ForeignPostgresSource, query: str) -> None:
    assert set(paths(source, query)) == ({"1", "2"} if "Gebühr" in query else set())


def test_a_column_or_table_that_is_not_there_is_named(user_url: str) -> None:
    for table, mapping in (
        ("akten.Bescheide", FieldMapping(id="Nr", text="fehlt")),
        ("akten.fehlt", FieldMapping(id="Nr", text="titel")),
    ):
        source = ForeignPostgresSource("bescheide", user_url, table=table, mapping=mapping)
        assert "fehlt" in source.check()
        with pytest.raises(PostgresFailed, match="fehlt"):
            paths(source, "Hund")
        source.close()


def test_even_who_may_write_only_reads(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute("""
            CREATE TABLE akten.spuren (wann timestamptz);
            CREATE FUNCTION akten.spur() RETURNS text LANGUAGE sql VOLATILE AS
                'INSERT INTO akten.spuren VALUES (now()); SELECT ''Hund''::text';
            CREATE VIEW akten.verfolgt AS SELECT 1 AS nr, akten.spur() AS inhalt;
        """)
    source = ForeignPostgresSource(
        "verfolgt", admin_url, table="akten.verfolgt", mapping=FieldMapping(id="nr", text="inhalt")
    )

    with pytest.raises(PostgresFailed, match="read-only transaction"):
        paths(source, "Hund")
    with pytest.raises(PostgresFailed, match="read-only transaction"):
        paths(source, "Hund", top_k=100_000)
    source.close()


def test_a_search_that_takes_too_long_ends_with_a_reason(admin_url: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(
            "CREATE VIEW akten.langsam AS SELECT 1 AS nr, 'Hund'::text AS inhalt FROM (SELECT pg_sleep(30)) x"
        )
    mapping = FieldMapping(id="nr", text="inhalt")
    source = ForeignPostgresSource("langsam", admin_url, table="akten.langsam", mapping=mapping, timeout_s=0.3)

    with pytest.raises(PostgresFailed, match=r"timeout|in time"):
        paths(source, "Hund")
    source.close()
