"""A CouchDB that is down, hangs, is slow, dies, or lets nobody in: a clear answer in time, and nothing lost."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from shared.database.adapters.couch.errors import CouchFailed, CouchRefused, CouchUnreachable
from shared.database.adapters.couchdb import CouchStore
from shared.database.base import StoreNotBuilt
from shared.errors import Unavailable
from shared.models.search import RankedList
from tests.support.couch_server import CouchServerProcess
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.search import a_law, found, held_ids

BOUND_S = 10.0
LAW = a_law("doc_v", "VwVfG", "§ 35")


@contextmanager
def in_time() -> Iterator[None]:
    """Fails if the block takes longer than any call to a broken server may."""
    started = time.monotonic()
    yield
    assert time.monotonic() - started < BOUND_S


@pytest.fixture
def proxy(couch_server: CouchServerProcess) -> Iterator[FaultProxy]:
    opened = FaultProxy("127.0.0.1", couch_server.port, delay_s=3.0)
    yield opened
    opened.close()


@pytest.fixture
def database(couch_server: CouchServerProcess) -> str:
    return couch_server.new_name()


@pytest.fixture
def store(database: str, proxy: FaultProxy) -> Iterator[CouchStore]:
    """A store that holds one law and reaches its server through the proxy."""
    opened = CouchStore(f"http://{proxy.host}:{proxy.port}", database=database, timeout_s=1.0)
    opened.rebuild([LAW])
    yield opened
    opened.close()


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.HANG, Fault.SLOW])
def test_a_server_that_fails_is_named_in_time_and_used_again_when_it_is_well(
    store: CouchStore, proxy: FaultProxy, fault: Fault
) -> None:
    with proxy.failing(fault):
        with in_time(), pytest.raises(CouchUnreachable, match=r"cannot be reached|gave no answer"):
            found(store, RankedList.CITATION, "§ 35 VwVfG")
        with in_time(), pytest.raises(CouchUnreachable):
            store.apply_many([LAW])
        with in_time():
            assert "CouchDB" in store.check()

    assert found(store, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]
    assert store.check() == "ok"


def test_the_server_may_fail_between_two_requests_of_a_search(store: CouchStore, proxy: FaultProxy) -> None:
    assert store.check() == "ok"
    proxy.cut()

    assert found(store, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]


@contextmanager
def dripping_server() -> Iterator[str]:
    """Answers a byte at a time and never comes to an end."""

    def drip() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while True:
                    connection.sendall(b"x")
                    time.sleep(0.1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_the_time_is_bounded_in_total_and_not_per_byte() -> None:
    with dripping_server() as url:
        store = CouchStore(url, timeout_s=0.7)
        started = time.monotonic()
        assert "no answer within 0.7 s" in store.check()
        assert time.monotonic() - started < 20
        store.close()


def test_a_server_of_another_kind_is_not_taken_for_one() -> None:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=answer, daemon=True).start()
        store = CouchStore(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert "no JSON" in store.check()
        store.close()


def test_nothing_that_was_acknowledged_is_lost_when_the_server_is_killed(couch_server: CouchServerProcess) -> None:
    store = CouchStore(couch_server.url, database=couch_server.new_name())
    store.rebuild([])
    batches = [[a_law(f"doc_{b}_{n}", f"G{n}", "§ 1", "§ 2") for n in range(10)] for b in range(6)]
    acknowledged = 0

    def feed() -> None:
        nonlocal acknowledged
        with suppress(Unavailable):
            for batch in batches:
                store.apply_many(batch)
                acknowledged += 1

    feeding = threading.Thread(target=feed)
    feeding.start()
    while acknowledged < 2:
        time.sleep(0.005)
    couch_server.kill()
    feeding.join()
    with in_time():
        assert store.check() != "ok"
    couch_server.start()

    held = {each.document_id: each.section_count for each in store.held()}
    assert all(held.get(change.document_id) == 2 for batch in batches[:acknowledged] for change in batch)
    for batch in batches:
        store.apply_many(batch)
    assert [each.section_count for each in store.held()] == [2] * 60
    assert len(found(store, RankedList.CITATION, "§ 2 G7")) == 6
    store.close()


def test_a_database_that_somebody_dropped_is_not_built_and_can_be_rebuilt(
    store: CouchStore, database: str, couch_server: CouchServerProcess
) -> None:
    couch_server.ask("DELETE", f"/{database}")

    with pytest.raises(StoreNotBuilt, match="no database"):
        found(store, RankedList.CITATION, "§ 35 VwVfG")
    store.rebuild([LAW])
    assert found(store, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]


def test_a_lost_index_is_not_an_empty_answer(
    store: CouchStore, database: str, couch_server: CouchServerProcess
) -> None:
    path = f"/{database}/_design/clara"
    couch_server.ask("DELETE", f"{path}?rev={couch_server.ask('GET', path)['_rev']}")

    with pytest.raises(StoreNotBuilt, match="no index"):
        found(store, RankedList.CITATION, "§ 35 VwVfG")
    assert "no index" in store.check()


class TestGuarded:
    """A server where everybody has to log in."""

    @pytest.fixture
    def database(self, guarded_couch: CouchServerProcess) -> str:
        """A built store that `leser` may only read."""
        name = guarded_couch.new_name()
        store = CouchStore(guarded_couch.url, "chef", "ge-heim", database=name)
        store.rebuild([LAW])
        store.close()
        guarded_couch.let_read(name, "leser")
        return name

    @pytest.mark.parametrize(
        ("user", "password"), [("leser", "fal-sch"), ("niemand", "fal-sch"), (None, None)], ids=["wrong", "who", "none"]
    )
    def test_a_login_that_is_wrong_is_named_and_its_password_never(
        self,
        guarded_couch: CouchServerProcess,
        database: str,
        user: str | None,
        password: str | None,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        url = guarded_couch.url.replace("//", "//leser:fal-sch@") if user == "leser" else guarded_couch.url
        store = CouchStore(url, user, password, database=database)

        with in_time(), pytest.raises(CouchRefused, match="let") as caught:
            found(store, RankedList.CITATION, "§ 35 VwVfG")
        assert (user or "without name") in caught.value.message
        assert "fal-sch" not in f"{caught.value.message} {caught.value.context} {store.check()} {caplog.text}"
        store.close()

    def test_who_may_only_read_finds_and_is_told_that_writing_is_not_for_him(
        self, guarded_couch: CouchServerProcess, database: str
    ) -> None:
        store = CouchStore(guarded_couch.url.replace("//", "//leser:le-sen@"), database=database)

        assert found(store, RankedList.CITATION, "§ 35 VwVfG") == ["doc_v:1:0"]
        assert store.check() == "ok"
        with in_time(), pytest.raises(CouchRefused, match="write documents"):
            store.apply_many([a_law("doc_w", "WoGG", "§ 1")])
        with in_time(), pytest.raises(CouchRefused):
            store.rebuild([])
        assert held_ids(store) == ["doc_v"]
        store.close()

    def test_an_error_says_what_was_asked_and_what_to_do(
        self, guarded_couch: CouchServerProcess, database: str
    ) -> None:
        store = CouchStore(guarded_couch.url, "leser", "le-sen", database=database)

        with pytest.raises(CouchFailed) as caught:
            store.apply_many([a_law("doc_w", "WoGG", "§ 1")])
        assert caught.value.message == (
            f"The CouchDB database '{database}' at {guarded_couch.url} does not permit the user 'leser' to write "
            "documents: read only. Give the configured user the right to do so: see `_security` of the database and "
            "its design documents."
        )
        store.close()
