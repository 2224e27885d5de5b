"""A graph of somebody else, searched by a user who may only read."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

from shared.database.adapters.bolt.foreign import InvalidGraphName
from shared.database.adapters.neo4j import ForeignNeo4jSource
from shared.database.search_store import Question, RankedSection
from shared.database.uds3.foreign import FieldMapping
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters
from tests.support.bolt_server import BoltServer

MAPPING = FieldMapping(
    id="nr",
    text="Inhalt der Akte",
    title="titel",
    number="aktenzeichen",
    media_type="art",
    abbreviation="kurz",
    valid_from="von",
    valid_to="bis",
    ingested_at="stand",
)
Rows = Callable[..., list[list[object]]]

NODES = [
    {
        "nr": 1,
        "Inhalt der Akte": "Der Hund zahlt Straßenreinigungsgebühren",
        "titel": "Bescheid",
        "art": "text/plain",
        "kurz": "GebG",
        "stand": "2026-01-01T00:00:00Z",
        "bis": "2020-12-31",
    },
    {
        "nr": 2,
        "Inhalt der Akte": "Die Katze und der HUND",
        "aktenzeichen": "4 K 12/20",
        "art": "text/html",
        "kurz": "StG",
        "stand": "2026-02-01T00:00:00Z",
        "von": "2021-01-01",
    },
    {"nr": 3, "titel": "ohne Inhalt, aber mit Hund"},
]


@pytest.fixture
def reader(bolt_server: BoltServer, bolt_database: str, bolt_rows: Rows) -> tuple[str, str]:
    """Name and password of one who may only read, in a database with somebody's files in it."""
    bolt_rows("UNWIND $nodes AS node CREATE (n:`Meine Akte`) SET n = node", nodes=NODES)
    bolt_rows("CREATE (:Anderes {nr: 9, `Inhalt der Akte`: 'Hund'})")
    return bolt_server.new_reader(bolt_database)


@pytest.fixture
def source(bolt_server: BoltServer, bolt_database: str, reader: tuple[str, str]) -> Iterator[ForeignNeo4jSource]:
    """The files, through the mapping."""
    opened = ForeignNeo4jSource(
        "akten", bolt_server.uri, *reader, label="Meine Akte", mapping=MAPPING, database=bolt_database
    )
    yield opened
    opened.close()


def asked(source: ForeignNeo4jSource, query: str, filters: SearchFilters | None = None) -> list[RankedSection]:
    return list(source.rank(RankedList.KEYWORD, Question(query, filters or SearchFilters()), top_k=10))


def paths(hits: list[RankedSection]) -> list[str]:
    return [hit.section.path for hit in hits if hit.section]


def test_nodes_are_found_by_any_word_and_come_with_their_section(source: ForeignNeo4jSource) -> None:
    hits = asked(source, "Hund oder Katze?")

    assert paths(hits) == ["2", "1"]
    assert hits[0].section is not None
    assert hits[0].section.section.text == "Die Katze und der HUND"
    assert hits[0].section.section.number == "4 K 12/20"
    assert hits[0].section.section.valid_from == date(2021, 1, 1)
    assert hits[1].section is not None
    assert hits[1].section.document_title == "Bescheid"
    assert source.check() == "ok"


def test_spelling_and_other_properties_are_looked_at_too(source: ForeignNeo4jSource) -> None:
    assert paths(asked(source, "strassenreinigungsgebühren")) == ["1"]
    assert paths(asked(source, "BESCHEID")) == ["1"]
    assert asked(source, "Maus") == asked(source, "§ ?") == []


def test_equals_are_ordered_by_id_and_top_k_limits(source: ForeignNeo4jSource) -> None:
    assert paths(asked(source, "Hund")) == ["1", "2"]
    assert len(list(source.rank(RankedList.KEYWORD, Question("Hund"), top_k=1))) == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (SearchFilters(source=("akten",)), ["1", "2"]),
        (SearchFilters(source=("andere",)), []),
        (SearchFilters(document_id=("doc_a",)), []),
        (SearchFilters(media_type=("text/html",)), ["2"]),
        (SearchFilters(abbreviation=("GebG", "X")), ["1"]),
        (SearchFilters(valid_on=date(2020, 12, 31)), ["1"]),
        (SearchFilters(valid_on=date(2021, 1, 1)), ["2"]),
        (SearchFilters(ingested_from=datetime(2026, 2, 1, tzinfo=UTC)), ["2"]),
        (SearchFilters(ingested_until=datetime(2026, 2, 1, tzinfo=UTC)), ["1"]),
        (SearchFilters(media_type=("text/html",), abbreviation=("GebG",)), []),
    ],
)
def test_filters_are_applied_to_mapped_properties(
    source: ForeignNeo4jSource, filters: SearchFilters, expected: list[str]
) -> None:
    assert paths(asked(source, "Hund", filters)) == expected


@pytest.mark.parametrize(
    "query", ["'; MATCH (n) DETACH DELETE n", "`}) //", "$words {0} \\u0027", "a\x00b \ud800 Hund"]
)
def test_nothing_in_a_query_is_syntax(source: ForeignNeo4jSource, query: str, bolt_rows: Rows) -> None:
    asked(source, query)

    assert bolt_rows("MATCH (n:`Meine Akte`) RETURN count(n)") == [[3]]


@pytest.mark.parametrize("name", ["", "a`b", "a\\u0060b", "1a", "x" * 201, "a\nb", "a) DETACH DELETE n //"])
def test_a_name_that_could_be_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidGraphName):
        ForeignNeo4jSource("akten", "bolt://h", "u", "p", label=name, mapping=MAPPING)
    with pytest.raises(InvalidGraphName):
        ForeignNeo4jSource("akten", "bolt://h", "u", "p", label="Akte", mapping=FieldMapping(id="nr", text=name))


def test_a_mapping_that_does_not_fit_the_graph_shows_in_the_check(
    bolt_server: BoltServer, bolt_database: str, reader: tuple[str, str]
) -> None:
    for label, text, expected in (("Fehlt", "Inhalt der Akte", "no node"), ("Anderes", "fehlt", "lack the property")):
        source = ForeignNeo4jSource(
            "akten", bolt_server.uri, *reader, label=label, mapping=FieldMapping("nr", text), database=bolt_database
        )
        assert expected in source.check()
        assert asked(source, "Hund") == []
        source.close()


def test_a_server_that_is_away_is_told() -> None:
    source = ForeignNeo4jSource("akten", "bolt://127.0.0.1:1", "u", "p", label="Akte", mapping=MAPPING)

    assert "'akten'" in source.check()
    with pytest.raises(Unavailable):
        asked(source, "Hund")
    source.close()
