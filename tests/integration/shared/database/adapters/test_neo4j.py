"""The graph store on a real Bolt server: what every store must do, and what only a server can do to it."""

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any, Protocol

import pytest

from shared.database.adapters.neo4j import Neo4jStore
from shared.database.base import StoreNotBuilt
from shared.database.search_store import HeldDocument, SearchStore
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import CitationListContract, GraphListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.bolt_server import PASSWORD, USER, BoltServer
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.installation import ROOT
from tests.support.search import a_change, a_law, an_erasure, found, held_ids, seeds

PATIENCE_S = 2.0
LENIENT_S = 20.0  # a server that was just started, on a busy machine


class Opening(Protocol):
    """Opens a store that the test need not close."""

    def __call__(self, uri: str, user: str = USER, password: str = PASSWORD, **options: Any) -> Neo4jStore: ...


@pytest.fixture
def opening() -> Iterator[Opening]:
    """Stores of any address."""
    with ExitStack() as stack:

        def opened(uri: str, user: str = USER, password: str = PASSWORD, **options: Any) -> Neo4jStore:
            return stack.enter_context(closing(Neo4jStore(uri, user, password, **options)))

        yield opened


@pytest.fixture
def unbuilt_store(bolt_server: BoltServer, bolt_database: str, opening: Opening) -> Neo4jStore:
    """A store that was never built."""
    return opening(bolt_server.uri, database=bolt_database, timeout_s=LENIENT_S)


@pytest.fixture
def proxy(bolt_server: BoltServer) -> Iterator[FaultProxy]:
    """A network that can be told to fail."""
    with closing(FaultProxy(bolt_server.host, bolt_server.port, delay_s=1.0)) as running:
        yield running


@pytest.fixture
def store(unbuilt_store: Neo4jStore) -> Neo4jStore:
    """An empty store."""
    unbuilt_store.rebuild([])
    return unbuilt_store


class TestNeo4jStore(SearchStoreContract):
    """It keeps what is asked of every store."""


class TestNeo4jCitations(CitationListContract):
    """It knows exactly what a query cites."""


class TestNeo4jGraph(GraphListContract):
    """It knows what is around a section."""


def calls(store: SearchStore) -> list[Callable[[], object]]:
    """Everything that can be asked of a store."""
    return [
        lambda: found(store, RankedList.CITATION, "§ 1 BGB"),
        lambda: found(store, RankedList.GRAPH, "x", seeds=seeds("doc_a:1:0")),
        lambda: store.apply_many([a_change("doc_a", "Hund")]),
        lambda: store.rebuild([]),
        lambda: list(store.held()),
        lambda: store.forget(["doc_a"]),
    ]


def assert_each_fails(store: SearchStore, reason: str, *, within_s: float = PATIENCE_S) -> None:
    for call in calls(store):
        started = time.monotonic()
        with pytest.raises(Unavailable, match=reason) as failure:
            call()
        assert time.monotonic() - started < within_s
        assert PASSWORD not in failure.value.message
        assert PASSWORD not in str(failure.value.context)
    started = time.monotonic()
    assert reason in store.check()
    assert time.monotonic() - started < within_s


def until_ok(store: Neo4jStore) -> None:
    """Wait until it serves; on a busy machine a new connection takes longer than a short time-out."""
    give_up = time.monotonic() + LENIENT_S
    while store.check() != "ok":
        assert time.monotonic() < give_up


def test_where_no_server_answers_each_call_says_so_at_once(opening: Opening) -> None:
    assert_each_fails(opening("bolt://127.0.0.1:1"), "no server answers there")


@pytest.mark.parametrize("uri", ["127.0.0.1:7687", "http://127.0.0.1:7687", "", "bolt://"])
def test_an_address_that_is_none_is_an_error_of_the_store(uri: str, opening: Opening) -> None:
    store = opening(uri)

    assert "cannot serve" in store.check()
    with pytest.raises(Unavailable):
        store.apply_many([])


def test_a_password_in_the_address_is_never_shown(opening: Opening) -> None:
    assert PASSWORD not in opening(f"bolt://neo4j:{PASSWORD}@127.0.0.1:1").check()


def test_a_wrong_password_is_named(bolt_server: BoltServer, bolt_database: str, opening: Opening) -> None:
    name, _ = bolt_server.new_reader(bolt_database)  # who is locked out after a few wrong ones

    store = opening(bolt_server.uri, name, "falsch-1234", database=bolt_database, timeout_s=LENIENT_S)
    assert_each_fails(store, "refuses the user name or the password", within_s=LENIENT_S)


def test_an_unknown_database_is_named(bolt_server: BoltServer, opening: Opening) -> None:
    store = opening(bolt_server.uri, database="fehlt", timeout_s=LENIENT_S)

    assert_each_fails(store, "no database of that name", within_s=LENIENT_S)
    assert "fehlt" in store.check()


def test_who_may_only_read_can_search_and_is_told_why_not_to_write(
    bolt_server: BoltServer, bolt_database: str, store: Neo4jStore, opening: Opening
) -> None:
    store.apply_many([a_law("doc_v", "VwVfG", "§ 35")])
    name, password = bolt_server.new_reader(bolt_database)
    reader = opening(bolt_server.uri, name, password, database=bolt_database, timeout_s=LENIENT_S)

    assert reader.check() == "ok"
    assert found(reader, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]
    for write in (
        lambda: reader.apply_many([a_law("doc_v", "VwVfG", "§ 36", version=2)]),
        lambda: reader.forget(["doc_v"]),
        lambda: reader.rebuild([]),
    ):
        with pytest.raises(Unavailable, match="may not do that"):
            write()
    assert reader.apply_many([a_law("doc_v", "VwVfG", "§ 35")]) == 0
    assert held_ids(reader) == ["doc_v"]


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.REFUSE, Fault.SLOW])
def test_a_failing_network_is_told_in_time_and_forgotten_when_it_heals(
    bolt_database: str, store: Neo4jStore, proxy: FaultProxy, opening: Opening, fault: Fault
) -> None:
    behind = opening(f"bolt://{proxy.host}:{proxy.port}", database=bolt_database, timeout_s=0.5)
    store.apply_many([a_law("doc_v", "VwVfG", "§ 35")])
    until_ok(behind)

    with proxy.failing(fault):
        assert_each_fails(behind, "no server answers" if fault is Fault.REFUSE else "did not answer within 0.5 s")

    until_ok(behind)
    assert found(behind, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]


def test_a_server_that_falls_silent_during_a_write_costs_the_write_time_out_and_no_more(
    bolt_database: str, store: Neo4jStore, proxy: FaultProxy, opening: Opening
) -> None:
    behind = opening(f"bolt://{proxy.host}:{proxy.port}", database=bolt_database, write_timeout_s=2.0)
    until_ok(behind)

    def changes() -> Iterator[object]:
        yield a_change("doc_a", *["Hund"] * 600)
        proxy.fail(Fault.HANG)
        silent_since.append(time.monotonic())
        yield a_change("doc_b", "Katze")

    silent_since: list[float] = []
    with pytest.raises(Unavailable, match="did not answer within 2 s"):
        behind.rebuild(changes())  # type: ignore[arg-type]
    assert time.monotonic() - silent_since[0] < 20
    proxy.heal()

    assert "is being built" in store.check()
    assert behind.rebuild([a_change("doc_b", "Katze")]) == 1
    assert held_ids(behind) == ["doc_b"]


def test_pooled_connections_that_were_cut_are_replaced_without_an_error(
    bolt_database: str, store: Neo4jStore, proxy: FaultProxy, opening: Opening
) -> None:
    behind = opening(f"bolt://{proxy.host}:{proxy.port}", database=bolt_database, timeout_s=LENIENT_S)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: behind.check(), range(8))) == ["ok"] * 8

    proxy.cut()
    assert behind.apply_many([a_change("doc_a", "Hund")]) == 1
    proxy.cut()
    assert held_ids(behind) == ["doc_a"]


def test_a_server_killed_during_a_batch_keeps_what_was_acknowledged_and_tears_no_document(
    bolt_server: BoltServer, bolt_database: str, store: Neo4jStore
) -> None:
    changes = [a_law(f"doc_{n:03}", f"G{n}", *(f"§ {s}" for s in range(1, 31))) for n in range(80)]
    assert store.apply_many(changes[:10]) == 10

    with ThreadPoolExecutor(1) as pool:
        applying = pool.submit(store.apply_many, changes)
        while len(held_ids(store)) <= 10:
            time.sleep(0.01)
        bolt_server.kill()
        with pytest.raises(Unavailable):
            applying.result()
    assert_each_fails(store, "no server answers there")
    bolt_server.start()

    held = list(store.held())
    assert 10 < len(held) < 80
    assert {state.section_count for state in held} == {30}
    assert {change.document_id for change in changes[:10]} <= {state.document_id for state in held}
    assert store.apply_many(changes) == 80 - len(held)
    assert [state.section_count for state in store.held()] == [30] * 80
    assert store.apply_many(changes) == 0


def test_rivals_that_make_the_same_norms_end_with_one_of_each(
    bolt_server: BoltServer,
    bolt_database: str,
    store: Neo4jStore,
    opening: Opening,
    bolt_rows: Callable[..., list[list[object]]],
) -> None:
    text = " und ".join(f"§ {n} VwVfG" for n in range(1, 20))
    stores = [opening(bolt_server.uri, database=bolt_database, timeout_s=LENIENT_S) for _ in range(4)]

    def apply(number: int) -> int:
        return sum(stores[number].apply_many([a_change(f"doc_{number}_{n}", text)]) for n in range(5))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(apply, range(4))) == 20

    ((norms, keys),) = bolt_rows("MATCH (n:ClaraNorm) RETURN count(n), count(DISTINCT n.key)")
    assert norms == keys
    assert norms >= 19
    assert bolt_rows("MATCH (:ClaraSection)-[c:CITES]->(:ClaraNorm) RETURN count(c)") == [[20 * norms]]


def test_an_erased_document_leaves_nothing_but_its_tombstone(
    store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]
) -> None:
    store.apply_many([a_change("doc_a", "nach § 5 GEHEIM"), a_change("doc_b", "nach § 6 ABC")])

    store.apply_many([an_erasure("doc_a", version=2)])

    assert bolt_rows("MATCH (s:ClaraSection) RETURN s.id") == [["doc_b:1:0"]]
    keys = [row[0] for row in bolt_rows("MATCH (n:ClaraNorm) RETURN n.key")]
    assert "parǂ6ǂabc" in keys
    assert not [key for key in keys if "geheim" in str(key)]
    assert bolt_rows("MATCH (n:ClaraNorm) WHERE NOT EXISTS { (n)--() } RETURN n.key") == []
    documents = bolt_rows("MATCH (d:ClaraDocument {id: 'doc_a'}) RETURN properties(d)")
    assert documents == [[{"id": "doc_a", "version": 2, "sha256": "", "is_erased": True}]]


def test_a_graph_of_somebody_else_in_the_same_database_is_never_touched(
    store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]
) -> None:
    bolt_rows("CREATE (:Section {id: 'doc_a:1:0'})-[:OF]->(:Document {id: 'doc_a'})")

    store.apply_many([a_change("doc_a", "Hund")])
    store.forget(["doc_a"])
    store.rebuild([])

    assert bolt_rows("MATCH (:Section)-[:OF]->(:Document) RETURN count(*)") == [[1]]


def test_damage_by_hand_shows_and_is_put_right(store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]) -> None:
    whole = [a_change(f"doc_{n}", "Hund", "Katze") for n in range(4)]
    store.apply_many(whole)
    bolt_rows("MATCH (s:ClaraSection {id: 'doc_0:1:1'}) DETACH DELETE s")
    bolt_rows("MATCH (d:ClaraDocument {id: 'doc_1'}) DETACH DELETE d")
    bolt_rows("MATCH (d:ClaraDocument {id: 'doc_2'}) SET d.sha256 = 'alt'")

    assert [(held.document_id, held.sha256, held.section_count) for held in store.held()] == [
        ("doc_0", "sha-doc_0-1", 1),
        ("doc_2", "alt", 2),
        ("doc_3", "sha-doc_3-1", 2),
    ]
    assert store.apply_many(whole) == 3
    assert list(store.held()) == [HeldDocument(f"doc_{n}", 1, f"sha-doc_{n}-1", 2) for n in range(4)]


def test_what_somebody_put_in_by_hand_breaks_no_search(
    store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]
) -> None:
    store.apply_many([a_law("doc_v", "VwVfG", "§ 35", "§ 36", text="nach § 35 VwVfG")])
    bolt_rows(
        "MATCH (n:ClaraNorm {key: 'parǂ35ǂvwvfg'}) "
        "CREATE (n)<-[:CITES]-(:ClaraSection {id: 'unsinn'})-[:OF]->(:ClaraDocument {id: 'doc_x', version: 1})"
    )

    hits = found(store, RankedList.GRAPH, "x", seeds=seeds("doc_v:1:0", "unsinn"))
    assert hits == ["doc_v:1:0", "doc_v:1:1"]
    assert "doc_x" in held_ids(store)


def test_a_graph_of_another_release_says_so(store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]) -> None:
    bolt_rows("MATCH (g:ClaraGraph) SET g.version = 0")

    assert "another release" in store.check()
    with pytest.raises(StoreNotBuilt):
        held_ids(store)


def test_of_two_rebuilds_the_later_one_wins(store: Neo4jStore) -> None:
    def changes() -> Iterator[object]:
        yield a_change("doc_a", *["Hund"] * 600)
        store.rebuild([a_change("doc_b", "Katze")])
        yield a_change("doc_c", "Maus")

    with pytest.raises(StoreNotBuilt, match="somebody else"):
        store.rebuild(changes())  # type: ignore[arg-type]

    assert held_ids(store) == ["doc_b"]


def test_after_close_it_opens_again(store: Neo4jStore) -> None:
    store.close()

    assert store.check() == "ok"


def test_the_questions_that_the_guide_shows_have_answers(
    store: Neo4jStore, bolt_rows: Callable[..., list[list[object]]]
) -> None:
    store.apply_many([a_law("doc_v", "VwVfG", "§ 35", "§ 36", text="nach § 5 GebG"), a_law("doc_g", "GebG", "§ 5")])
    guide = (ROOT / "docs" / "guides" / "graph.md").read_text(encoding="utf-8")
    most_cited, around, leaning = re.findall(r"```cypher\n(.*?)```", guide, re.DOTALL)

    assert bolt_rows(most_cited) == [["GebG", "§ 5", "", 2]]
    assert len(bolt_rows(around)) == 1
    assert bolt_rows(leaning) == [["Titel", "Titel", 2]]
