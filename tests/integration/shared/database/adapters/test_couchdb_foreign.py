"""A CouchDB database of somebody else on a real server, with a user that may only read."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from shared.database.adapters.couch.errors import CouchDatabaseMissing, CouchRefused, CouchUnreachable
from shared.database.adapters.couchdb import ForeignCouchSource
from shared.database.search_store import Question, RankedSection
from shared.database.uds3.foreign import FieldMapping
from shared.models.search import RankedList, SearchFilters
from tests.support.couch_server import CouchServerProcess
from tests.support.fault_proxy import Fault, FaultProxy

DATABASE = "akten"
MAPPING = FieldMapping(
    id="_id",
    text="inhalt.text",
    title="inhalt.titel",
    number="zeichen",
    abbreviation="sammlung",
    valid_from="gueltig.von",
    valid_to="gueltig.bis",
    ingested_at="erfasst",
)
FILES: list[dict[str, Any]] = [
    {"_id": "a", "inhalt": {"text": "Der Beschluß über die Hundesteuer", "titel": "Satzung"}, "sammlung": "HStS"},
    {"_id": "b", "inhalt": {"text": "Hundesteuer und Übergang"}, "gueltig": {"von": "2020-01-01", "bis": "2020-12-31"}},
    {"_id": "c", "inhalt": {"text": "Gebühren (a+b)*[c] $1 | Katze"}, "erfasst": "2026-02-01T00:00:00Z"},
    {"_id": "d", "inhalt": {"text": "Hundesteuer", "titel": "Übergang"}, "zeichen": "4 A 12/20"},
    {"_id": "e", "anderes": 1},
    {"_id": "f", "inhalt": "kein Objekt"},
]


@pytest.fixture(scope="module")
def files(guarded_couch: CouchServerProcess) -> CouchServerProcess:
    """The server with a database of its own making."""
    guarded_couch.ask("PUT", f"/{DATABASE}")
    guarded_couch.ask("POST", f"/{DATABASE}/_bulk_docs", {"docs": FILES})
    guarded_couch.let_read(DATABASE, "leser")
    return guarded_couch


@pytest.fixture
def source(files: CouchServerProcess) -> Iterator[ForeignCouchSource]:
    opened = a_source(files.url)
    yield opened
    opened.close()


def a_source(url: str, *, password: str = "le-sen", database: str = DATABASE) -> ForeignCouchSource:
    return ForeignCouchSource(url, "leser", password, name="akten", database=database, mapping=MAPPING)


def hits(asked: ForeignCouchSource, query: str, /, **filters: Any) -> list[RankedSection]:
    return list(asked.rank(RankedList.KEYWORD, Question(query, SearchFilters(**filters)), top_k=10))


def paths(asked: ForeignCouchSource, query: str, /, **filters: Any) -> list[str]:
    return [hit.section.path for hit in hits(asked, query, **filters) if hit.section]


def test_a_hit_carries_its_section_from_nested_fields(source: ForeignCouchSource) -> None:
    (hit,) = hits(source, "Beschluß")

    assert hit.section is not None
    assert (hit.section.source, hit.section.path, hit.section.document_title) == ("akten", "a", "Satzung")
    assert hit.section.section.text == "Der Beschluß über die Hundesteuer"
    assert hit.section.abbreviation == "HStS"


def test_more_words_come_first_and_equals_are_in_order_of_ids(source: ForeignCouchSource) -> None:
    found = hits(source, "Hundesteuer Übergang")

    assert {hit.section.path for hit in found[:2] if hit.section} == {"b", "d"}
    assert found[2].section is not None
    assert found[2].section.path == "a"
    assert [hit.section_id for hit in found] == [
        *sorted(hit.section_id for hit in found[:2]),
        found[2].section_id,
    ]


@pytest.mark.parametrize("query", ["BESCHLUSS", "beschluß", "beschl"])
def test_case_and_sharp_s_do_not_matter_and_beginnings_are_found(source: ForeignCouchSource, query: str) -> None:
    assert paths(source, query) == ["a"]


@pytest.mark.parametrize("query", ["übergang", "ÜBERGANG"])
def test_umlauts_have_two_cases_too(source: ForeignCouchSource, query: str) -> None:
    assert set(paths(source, query)) == {"b", "d"}


@pytest.mark.parametrize("query", [".*", "(", "Katze(", "[c]*Katze", "$1 Katze", "{Katze}", "Katze\x00", "Katze|"])
def test_nothing_in_a_query_is_an_expression(source: ForeignCouchSource, query: str) -> None:
    assert paths(source, query) == (["c"] if "Katze" in query else [])


def test_every_filter_is_applied(source: ForeignCouchSource) -> None:
    january, february = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert paths(source, "Hundesteuer", abbreviation=("HStS",)) == ["a"]
    assert paths(source, "Hundesteuer", source=("amt",)) == []
    assert paths(source, "Hundesteuer", media_type=("text/html",)) == []
    assert paths(source, "Hundesteuer", document_id=("doc_a",)) == []
    assert set(paths(source, "Hundesteuer", valid_on=date(2021, 1, 1))) == {"a", "d"}
    assert paths(source, "Katze Hundesteuer", ingested_from=january) == ["c"]
    assert paths(source, "Katze Hundesteuer", ingested_until=february) == []


def test_it_answers_no_other_list_and_no_more_than_asked(source: ForeignCouchSource) -> None:
    question = Question("Hundesteuer")

    assert len(list(source.rank(RankedList.KEYWORD, question, top_k=2))) == 2
    assert list(source.rank(RankedList.CITATION, question, top_k=2)) == []


def test_a_search_writes_nothing(source: ForeignCouchSource, files: CouchServerProcess) -> None:
    before = files.ask("GET", f"/{DATABASE}")

    hits(source, "Hundesteuer Katze")
    assert source.check() == "ok"

    assert files.ask("GET", f"/{DATABASE}")["update_seq"] == before["update_seq"]


def test_a_wrong_password_and_a_missing_database_are_named(files: CouchServerProcess) -> None:
    stranger, lost = a_source(files.url, password="fal-sch"), a_source(files.url, database="fehlt")

    with pytest.raises(CouchRefused, match="'leser'") as caught:
        hits(stranger, "Hundesteuer")
    assert "fal-sch" not in caught.value.message
    with pytest.raises(CouchDatabaseMissing, match="'fehlt'"):
        hits(lost, "Hundesteuer")
    assert "not there" in lost.check()
    stranger.close()
    lost.close()


def test_a_server_that_hangs_is_given_up_in_time(files: CouchServerProcess) -> None:
    proxy = FaultProxy("127.0.0.1", files.port)
    source = a_source(f"http://{proxy.host}:{proxy.port}")
    started = time.monotonic()

    with proxy.failing(Fault.HANG), pytest.raises(CouchUnreachable, match="word by word"):
        hits(source, "Hundesteuer")
    assert time.monotonic() - started < 20
    assert len(hits(source, "Hundesteuer")) == 3
    source.close()
    proxy.close()
