"""PostgreSQL killed, silent, slow, closed to us: a clear answer within seconds, and all is well afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from shared.database.adapters.postgres import PostgresFailed, PostgresSearchStore
from shared.database.base import StoreNotBuilt
from shared.database.search_store import Question
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.integration.shared.database.adapters.conftest import PASSWORD, USER
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.postgres import PostgresServer
from tests.support.search import a_change, found, held_ids

pytestmark = pytest.mark.postgres
BOUND_S = 10.0
"""The limits of the stores here are 1.5 s; without them, the server or the network would be waited for for minutes."""


@pytest.fixture
def store(user_url: str, new_schema: str) -> Iterator[PostgresSearchStore]:
    """A store that holds one document; its connection is open and goes through the proxy."""
    made = PostgresSearchStore(user_url, schema=new_schema, write_timeout_s=1.5)
    made.rebuild([a_change("doc_a", "Hund")])
    assert _recovers(made)
    yield made
    made.close()


@contextmanager
def in_time(bound_s: float = BOUND_S) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < bound_s


def _fill(url: str, schema: str) -> None:
    """More sections than one page of a long result has, without haste."""
    patient = PostgresSearchStore(url, schema=schema)
    patient.apply_many([a_change("doc_b", *["Hund"] * 1500)])
    patient.close()


def _hits(store: PostgresSearchStore) -> list[str]:
    return found(store, RankedList.KEYWORD, "Hund")


def _recovers(store: PostgresSearchStore) -> bool:
    """Whether the same store soon answers again, however busy the machine is."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(PostgresFailed):
            return _hits(store)[0] == "doc_a:1:0"
    return False


def _say_why(store: PostgresSearchStore) -> str:
    """Every kind of call fails in time; returns what the check says."""
    for wanted in store.lists:
        with in_time(), pytest.raises(PostgresFailed):
            found(store, wanted, "Hund § 1 BGB")
    with in_time(), pytest.raises(PostgresFailed):
        store.apply_many([a_change("doc_b", "Katze")])
    with in_time(), pytest.raises(PostgresFailed):
        list(store.held())
    with in_time():
        reason = store.check()
    assert PASSWORD not in reason
    return reason


def test_a_server_that_takes_connections_and_is_silent(
    user_url: str, store: PostgresSearchStore, proxy: FaultProxy
) -> None:
    hasty = PostgresSearchStore(user_url, schema=store._schema, timeout_s=0.3, write_timeout_s=0.3)
    with proxy.failing(Fault.HANG):
        with in_time(), pytest.raises(PostgresFailed, match="did not answer in time"):
            _hits(store)  # on the connection that was open
        with in_time():
            assert "no connection within 1.5 s" in store.check()
        assert "no connection within 0.3 s" in _say_why(hasty)

    assert _recovers(store)
    hasty.close()


def test_a_server_that_refuses(store: PostgresSearchStore, proxy: FaultProxy) -> None:
    with proxy.failing(Fault.REFUSE):
        assert "check that the server runs" in _say_why(store)

    assert _recovers(store)


def test_a_slow_server_answers_in_time_or_not_at_all(
    user_url: str, store: PostgresSearchStore, proxy: FaultProxy
) -> None:
    new_schema = store._schema
    with proxy.failing(Fault.SLOW):
        fresh = PostgresSearchStore(user_url, schema=new_schema)
        for asked in (store, fresh):
            with in_time(5.0):  # a patient caller of a new connection has its answer after 7 s
                try:
                    hits = _hits(asked)
                except PostgresFailed:
                    continue
                assert hits == ["doc_a:1:0"]
        fresh.close()

    assert _recovers(store)


def test_connections_that_were_cut_while_they_rested_are_replaced_unnoticed(
    store: PostgresSearchStore, user_url: str, new_schema: str, proxy: FaultProxy
) -> None:
    patient = PostgresSearchStore(user_url, schema=new_schema, timeout_s=10.0)
    assert _hits(patient) == ["doc_a:1:0"]
    proxy.cut()
    time.sleep(0.1)

    assert _hits(patient) == ["doc_a:1:0"]
    patient.close()


def test_a_server_that_is_killed_and_comes_back(
    store: PostgresSearchStore, user_url: str, new_schema: str, tcp_server: PostgresServer, admin_url: str
) -> None:
    _fill(user_url, new_schema)
    long = store.rank(RankedList.KEYWORD, Question("Hund"), top_k=100_000)
    next(long)

    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")  # else the server first repeats what all tests before wrote
    tcp_server.stop("immediate")
    try:
        _say_why(store)
        with in_time(), pytest.raises(PostgresFailed):
            list(long)  # in the middle of a result
    finally:
        tcp_server.start()

    assert _recovers(store)
    assert store.check() == "ok"
    assert held_ids(store) == ["doc_a", "doc_b"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("password", "password authentication failed"),
        ("database", "does not exist"),
        ("host", "connection|resolve|name"),
    ],
)
def test_a_wrong_address_is_named_and_no_password(user_url: str, wrong: str, reason: str) -> None:
    changes = {
        "password": {"password": "falsch-geraten"},
        "database": {"dbname": "fehlt"},
        "host": {"host": "no such host"},  # refused without asking a name server
    }
    store = PostgresSearchStore(psycopg.conninfo.make_conninfo(user_url, **changes[wrong]))

    with in_time(), pytest.raises(PostgresFailed, match=reason) as caught:
        _hits(store)

    assert PASSWORD not in caught.value.message
    assert "falsch-geraten" not in caught.value.message


def test_an_address_that_cannot_be_read_is_not_repeated() -> None:
    store = PostgresSearchStore("host=127.0.0.1 pass word=geheim")

    with pytest.raises(PostgresFailed, match="cannot be read") as caught:
        _hits(store)

    assert "geheim" not in caught.value.message


def test_a_schema_or_a_table_that_is_gone(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    for what in (f'TABLE "{new_schema}".postings', f'SCHEMA "{new_schema}"'):
        with psycopg.connect(admin_url) as connection:
            connection.execute(f"DROP {what} CASCADE")
        with in_time(), pytest.raises(StoreNotBuilt):
            _hits(store)
        assert "not been built" in store.check()

    store.rebuild([a_change("doc_a", "Hund")])
    assert _hits(store) == ["doc_a:1:0"]


def test_a_server_that_may_only_be_read_still_answers(
    store: PostgresSearchStore, admin_url: str, user_url: str, new_schema: str
) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(f"ALTER ROLE {USER} SET default_transaction_read_only = on")
    reading = PostgresSearchStore(user_url, schema=new_schema)
    try:
        with in_time(), pytest.raises(PostgresFailed, match="read-only") as caught:
            reading.apply_many([a_change("doc_b", "Hund")])
        assert "let the user" in caught.value.message
        with in_time(), pytest.raises(PostgresFailed, match="read-only"):
            reading.rebuild([])
        assert _hits(reading) == ["doc_a:1:0"]
    finally:
        with psycopg.connect(admin_url) as connection:
            connection.execute(f"ALTER ROLE {USER} RESET default_transaction_read_only")
    reading.close()


def test_a_user_without_rights_is_told_so(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(f'ALTER SCHEMA "{new_schema}" OWNER TO clara')

    with in_time(), pytest.raises(PostgresFailed, match=r"permission denied.*grant"):
        _hits(store)


def test_a_lock_of_somebody_else_is_not_waited_for(store: PostgresSearchStore, admin_url: str, new_schema: str) -> None:
    with psycopg.connect(admin_url) as connection:
        connection.execute(f'LOCK TABLE "{new_schema}".postings IN ACCESS EXCLUSIVE MODE')
        with in_time(), pytest.raises(PostgresFailed, match="retry in a moment"):
            _hits(store)
        with in_time(), pytest.raises(PostgresFailed, match="retry in a moment"):
            store.apply_many([a_change("doc_b", "Hund")])

    assert store.apply_many([a_change("doc_b", "Hund")]) == 1


def test_a_rebuild_keeps_other_writers_out_until_it_is_whole(
    store: PostgresSearchStore, user_url: str, new_schema: str
) -> None:
    other = PostgresSearchStore(user_url, schema=new_schema)

    def changes() -> Iterator[object]:
        with in_time(), pytest.raises(PostgresFailed, match="retry in a moment"):
            store.apply_many([a_change("doc_c", "Hund")])
        assert _hits(store) == ["doc_a:1:0"]  # readers see the old state
        yield a_change("doc_b", "Hund")

    assert other.rebuild(changes()) == 1  # type: ignore[arg-type]
    assert held_ids(store) == ["doc_b"]
    other.close()


def test_more_callers_than_connections_wait_their_turn(store: PostgresSearchStore) -> None:
    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(lambda _: _hits(store), range(96))) == [["doc_a:1:0"]] * 96


def test_long_results_that_nobody_reads_do_not_block_for_ever(
    store: PostgresSearchStore, user_url: str, new_schema: str
) -> None:
    _fill(user_url, new_schema)
    left_open = [store.rank(RankedList.KEYWORD, Question("Hund"), top_k=100_000) for _ in range(8)]
    for hits in left_open:
        next(hits)

    with in_time(), pytest.raises(PostgresFailed, match="connections are in use"):
        _hits(store)

    left_open.clear()
    assert len(_hits(store)) == 100


_WRITER = """
import json, os, sys
from shared.database.adapters.postgres import PostgresSearchStore
from tests.support.search import a_change
store = PostgresSearchStore(os.environ["DSN"], schema=os.environ["SCHEMA"])
changes = [a_change(f"doc_{n:03}", *(f"Hund {n} Katze w{s}" for s in range(40))) for n in range(200)]
def told():
    for n, change in enumerate(changes):
        if n % 25 == 24:
            print(json.dumps(n), flush=True)
        yield change
if sys.argv[1] == "rebuild":
    store.rebuild(told())
else:
    print(json.dumps(store.apply_many(list(told()))), flush=True)
"""


def _is_written_to(dsn: str) -> bool:
    """Whether somebody else's transaction has changed something and is not over."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
        row = connection.execute(query).fetchone()
        return row is not None and row[0] > 0


def _killed(how: str, dsn: str, schema: str, *, after_lines: int, is_writing: bool = False) -> None:
    environment = {**os.environ, "DSN": dsn, "SCHEMA": schema, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", _WRITER, how]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(after_lines):
            json.loads(child.stdout.readline())
        give_up = time.monotonic() + 20
        while is_writing and not _is_written_to(dsn):
            assert time.monotonic() < give_up
        child.send_signal(signal.SIGKILL)


def test_a_writer_that_is_killed_leaves_whole_documents_and_is_repeated(admin_url: str, new_schema: str) -> None:
    store = PostgresSearchStore(admin_url, schema=new_schema)
    store.rebuild([])
    _killed("apply", admin_url, new_schema, after_lines=8, is_writing=True)

    before = list(store.held())
    assert {held.section_count for held in before} <= {40}
    assert len(before) < 200
    changes = [a_change(f"doc_{n:03}", *(f"Hund {n} Katze w{s}" for s in range(40))) for n in range(200)]
    for _ in range(20):  # the server may not have noticed yet that the writer is gone
        try:
            assert store.apply_many(changes) == 200 - len(list(before))
            break
        except Unavailable:
            continue
    assert [held.section_count for held in store.held()] == [40] * 200
    assert len(found(store, RankedList.KEYWORD, "Katze", top_k=10_000)) == 8000
    assert store.apply_many(changes) == 0
    store.close()


def test_a_rebuild_that_is_killed_changes_nothing_and_can_be_repeated(admin_url: str, new_schema: str) -> None:
    store = PostgresSearchStore(admin_url, schema=new_schema)
    store.rebuild([a_change("doc_alt", "Hund")])
    _killed("rebuild", admin_url, new_schema, after_lines=3)

    assert held_ids(store) == ["doc_alt"]
    assert store.rebuild([a_change("doc_neu", "Hund")]) == 1
    assert _hits(store) == ["doc_neu:1:0"]
    store.close()
