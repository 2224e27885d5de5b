"""ChromaDB on a real server and in a folder: the contract, failures in bounded time, and collections of users."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import httpx
import numpy as np
import pytest

from shared.database.adapters.chroma_connection import ChromaConnection, ChromaFailed, ChromaPlace
from shared.database.adapters.chromadb import ChromaStore, ForeignChromaSource
from shared.database.base import StoreNotBuilt
from shared.database.embeddings.errors import EmbeddingModelChanged
from shared.database.search_store import HeldDocument, Question
from shared.database.uds3.foreign import FieldMapping
from shared.errors import Unavailable
from shared.models.search import RankedList, SearchFilters
from tests.contracts.ranked_list_contracts import VectorListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.chroma_server import HOST, ChromaServer, running_chroma
from tests.support.fault_proxy import Fault, FaultProxy
from tests.support.search import DIMENSION, a_change, an_erasure, found, vector_of
from tests.support.small_disk import NoSmallDisk, fill, small_disk

VECTOR = RankedList.VECTOR
MODEL = "test@1/64"
PATIENT_S = 15.0  # where time is not what is tested: machines that test are busy
_NUMBERS = count()


@pytest.fixture
def place(chroma_server: ChromaServer) -> ChromaPlace:
    return ChromaPlace(HOST, chroma_server.port)


@pytest.fixture
def collection() -> str:
    return f"clara_{next(_NUMBERS)}"


@pytest.fixture
def store(place: ChromaPlace, collection: str) -> Iterator[ChromaStore]:
    store = ChromaStore(place, MODEL, DIMENSION, collection=collection, timeout_s=PATIENT_S)
    store.rebuild([a_change("doc_a", "Hund", "Katze")])
    yield store
    store.close()


@pytest.fixture
def proxy(chroma_server: ChromaServer) -> Iterator[FaultProxy]:
    proxy = FaultProxy(HOST, chroma_server.port, delay_s=3.0)
    yield proxy
    proxy.close()


class TestChromaStoreOnServer(SearchStoreContract, VectorListContract):
    @pytest.fixture
    def unbuilt_store(self, place: ChromaPlace, collection: str) -> ChromaStore:
        return ChromaStore(place, MODEL, DIMENSION, collection=collection, timeout_s=PATIENT_S)


class TestChromaStoreInFolder(SearchStoreContract, VectorListContract):
    @pytest.fixture
    def unbuilt_store(self, tmp_path: Path, chroma_server: ChromaServer) -> ChromaStore:
        return ChromaStore(ChromaPlace(folder=tmp_path / "chroma"), MODEL, DIMENSION)


def test_an_acknowledged_write_survives_a_kill(store: ChromaStore, chroma_server: ChromaServer) -> None:
    store.apply_many([a_change(f"doc_{n:03}", f"Vogel {n}", f"Maus {n}") for n in range(60)])
    store.apply_many([an_erasure("doc_000", version=2)])
    before = list(store.held())

    chroma_server.restart()

    assert list(store.held()) == before
    assert len(set(found(store, VECTOR, "Vogel Maus Hund Katze", top_k=500))) == 120
    assert store.apply_many([a_change("doc_001", "Vogel 1", "Maus 1")]) == 0


def test_a_killed_server_is_named_and_its_return_is_noticed(store: ChromaStore, chroma_server: ChromaServer) -> None:
    chroma_server.kill()
    try:
        for call in _calls(store):
            _fails_within(call, 2.0, "cannot be reached")
        assert str(chroma_server.port) in store.check()
    finally:
        chroma_server.start()

    assert store.check() == "ok"
    assert found(store, VECTOR, "Hund", top_k=1) == ["doc_a:1:0"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(Fault.REFUSE, "cannot be reached"), (Fault.HANG, "did not answer within"), (Fault.SLOW, "did")],
)
def test_a_failing_server_is_left_in_time(
    store: ChromaStore, collection: str, proxy: FaultProxy, fault: Fault, reason: str
) -> None:
    behind = ChromaStore(
        ChromaPlace(proxy.host, proxy.port), MODEL, DIMENSION, collection=collection, timeout_s=0.9, write_timeout_s=0.9
    )
    _comes_true(lambda: behind.check() == "ok")
    with proxy.failing(fault):
        for call in _calls(behind):
            _fails_within(call, 2.0, reason)

    _comes_true(lambda: behind.check() == "ok")
    assert found(store, VECTOR, "Hund", top_k=1) == ["doc_a:1:0"]
    behind.close()


def test_a_server_that_fails_from_the_start_is_left_in_time(proxy: FaultProxy, collection: str) -> None:
    with proxy.failing(Fault.HANG):
        behind = ChromaStore(
            ChromaPlace(proxy.host, proxy.port), MODEL, DIMENSION, collection=collection, timeout_s=0.5
        )
        _fails_within(lambda: found(behind, VECTOR, "Hund"), 1.5, "did not answer")
        behind.close()


def test_a_collection_that_was_deleted_has_to_be_built(store: ChromaStore, place: ChromaPlace, collection: str) -> None:
    connection = ChromaConnection(place, timeout_s=PATIENT_S)
    with connection.within():
        connection.delete(f"{collection}_sections")
    connection.close()

    with pytest.raises(StoreNotBuilt):
        found(store, VECTOR, "Hund")
    with pytest.raises(StoreNotBuilt):
        store.apply_many([a_change("doc_b", "x")])
    assert "has not been built" in store.check()


def test_a_server_that_cannot_write_still_answers_and_says_why_it_takes_nothing(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "disk", size_mb=48) as disk, running_chroma(disk / "chroma") as server:
            store = ChromaStore(ChromaPlace(HOST, server.port), MODEL, DIMENSION, timeout_s=PATIENT_S)
            store.rebuild([a_change("doc_a", "Hund", "Katze")])
            before = list(store.held())

            ballast = fill(disk)
            _fails_within(
                lambda: store.apply_many([a_change("doc_b", *(f"Maus {n}" for n in range(400)))]), 2.0, "full"
            )
            assert found(store, VECTOR, "Hund", top_k=1) == ["doc_a:1:0"]
            assert list(store.held()) == before

            ballast.unlink()
            store.apply_many([a_change("doc_b", "Maus")])
            assert [each.document_id for each in store.held()] == ["doc_a", "doc_b"]
            store.close()
    except NoSmallDisk as exc:
        pytest.skip(str(exc))


@pytest.mark.parametrize(("tenant", "database"), [("fehlt", "default_database"), ("default_tenant", "fehlt")])
def test_a_wrong_tenant_or_database_is_named(place: ChromaPlace, tenant: str, database: str) -> None:
    store = ChromaStore(ChromaPlace(place.host, place.port, tenant=tenant, database=database), MODEL, DIMENSION)

    with pytest.raises(ChromaFailed, match="no database"):
        found(store, VECTOR, "Hund")
    with pytest.raises(ChromaFailed, match="no database"):
        store.rebuild([])
    assert "fehlt" in store.check()
    store.close()


def test_refused_credentials_are_named_and_not_shown() -> None:
    with _RefusingServer() as port:
        place = ChromaPlace(HOST, port, headers={"Authorization": "Bearer streng-geheim"})
        store = ChromaStore(place, MODEL, DIMENSION)

        with pytest.raises(ChromaFailed, match="refuses our credentials") as refused:
            found(store, VECTOR, "Hund")

    assert "streng-geheim" not in f"{refused.value} {refused.value.context} {place!r} {store.check()}"
    store.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("x")
    store = ChromaStore(ChromaPlace(folder=tmp_path / "datei" / "chroma"), MODEL, DIMENSION)

    with pytest.raises(ChromaFailed, match=r"datei.*Not a directory"):
        store.rebuild([])


def test_an_erased_document_with_leftovers_is_not_brought_back(
    store: ChromaStore, place: ChromaPlace, collection: str
) -> None:
    store.apply_many([an_erasure("doc_a", version=2)])
    connection = ChromaConnection(place, timeout_s=PATIENT_S)
    with connection.within():
        leftover = [vector_of("Hund")]
        sections = connection.collection(f"{collection}_sections")
        sections.upsert(ids=["doc_a:2:0"], embeddings=leftover, metadatas=[{"document_id": "doc_a"}])
    connection.close()

    assert store.apply_many([a_change("doc_a", "Hund", version=2)]) == 0
    assert store.apply_many([an_erasure("doc_a", version=2)]) == 1
    assert list(store.held()) == [HeldDocument("doc_a", 2, "", 0, is_erased=True)]


def test_a_folder_has_one_holder(tmp_path: Path) -> None:
    place = ChromaPlace(folder=tmp_path / "chroma")
    first, second = (ChromaStore(place, MODEL, DIMENSION) for _ in range(2))
    first.rebuild([a_change("doc_a", "Hund")])

    with pytest.raises(ChromaFailed, match="another process holds it"):
        found(second, VECTOR, "Hund")
    first.close()

    assert found(second, VECTOR, "Hund") == ["doc_a:1:0"]
    second.close()


def test_vectors_of_another_model_are_never_mixed(store: ChromaStore, place: ChromaPlace, collection: str) -> None:
    other = ChromaStore(place, "other@2/64", DIMENSION, collection=collection)

    for call in (*_calls(other), lambda: list(other.held())):
        with pytest.raises(EmbeddingModelChanged, match=r"test@1/64.*other@2/64"):
            call()
    assert "clara stores rebuild" in other.check()

    other.rebuild([a_change("doc_b", "Maus")])
    assert found(other, VECTOR, "Maus") == ["doc_b:1:0"]
    with pytest.raises(EmbeddingModelChanged):
        found(store, VECTOR, "Hund")
    other.close()


def test_half_written_documents_are_told_apart(store: ChromaStore, place: ChromaPlace, collection: str) -> None:
    connection = ChromaConnection(place, timeout_s=PATIENT_S)
    with connection.within():
        sections = connection.collection(f"{collection}_sections")
        vector = [vector_of("Maus")]
        sections.upsert(ids=["doc_x:3:0"], embeddings=vector, metadatas=[{"document_id": "doc_x"}])
        sections.delete(ids=["doc_a:1:1"])
    connection.close()

    assert list(store.held()) == [HeldDocument("doc_a", 1, "sha-doc_a-1", 1), HeldDocument("doc_x", 3, "", 1)]
    assert store.apply_many([a_change("doc_a", "Hund", "Katze")]) == 1
    store.forget(["doc_x"])
    assert list(store.held()) == [HeldDocument("doc_a", 1, "sha-doc_a-1", 2)]


class TestForeignCollection:
    MAPPING = FieldMapping(
        id="", text="", title="titel", number="nummer", abbreviation="kurz", valid_to="bis", ingested_at="stand"
    )

    @pytest.fixture
    def theirs(self, place: ChromaPlace, collection: str) -> str:
        connection = ChromaConnection(place, timeout_s=PATIENT_S)
        texts = ["Der Hund bellt", "Die Katze schläft", "Hund und Katze"]
        with connection.within():
            made = connection.create(collection, metadata={"owner": "archiv"}, space="cosine")
            made.upsert(
                ids=["akte/1", "akte/2", "akte/3"],
                embeddings=np.array([vector_of(text) for text in texts]),
                documents=texts,
                metadatas=[
                    {"titel": "Erlass", "nummer": "§ 1", "kurz": "HundG", "stand": "2026-01-01T00:00:00"},
                    {"titel": "Erlass", "nummer": "§ 2", "kurz": "KatzG", "stand": 1_800_000_000},
                    {"titel": "Erlass", "nummer": "§ 3", "kurz": "HundG", "bis": "2020-12-31"},
                ],
            )
        connection.close()
        return collection

    def test_it_is_searched_by_words(self, place: ChromaPlace, theirs: str) -> None:
        source = ForeignChromaSource("archiv", place, theirs, self.MAPPING, timeout_s=PATIENT_S)

        hits = list(source.rank(RankedList.KEYWORD, Question("hund katze?"), top_k=10))

        assert (hits[0].section and hits[0].section.path) == "akte/3"
        assert {hit.section.section.text for hit in hits if hit.section} == {
            "Der Hund bellt",
            "Die Katze schläft",
            "Hund und Katze",
        }
        assert source.check() == "ok"
        source.close()

    def test_it_is_searched_by_nearness_with_an_embedder(self, place: ChromaPlace, theirs: str) -> None:
        source = ForeignChromaSource(
            "archiv", place, theirs, self.MAPPING, embedder=_TestEmbedder(), timeout_s=PATIENT_S
        )

        hits = list(source.rank(VECTOR, Question("Die Katze schläft"), top_k=2))

        assert (hits[0].section and hits[0].section.section.number) == "§ 2"
        assert (source.lists, hits[0].section and hits[0].section.document_title) == (frozenset({VECTOR}), "Erlass")
        source.close()

    @pytest.mark.parametrize(
        ("filters", "numbers"),
        [
            (SearchFilters(abbreviation=("HundG",)), {"§ 1", "§ 3"}),
            (SearchFilters(valid_on=date(2021, 1, 1)), {"§ 1", "§ 2"}),
            (SearchFilters(ingested_from=datetime(2027, 1, 1, tzinfo=UTC)), {"§ 2"}),
            (SearchFilters(ingested_until=datetime(2027, 1, 1, tzinfo=UTC)), {"§ 1"}),
            (SearchFilters(source=("archiv",)), {"§ 1", "§ 2", "§ 3"}),
            (SearchFilters(source=("amt",)), set()),
            (SearchFilters(media_type=("text/html",)), set()),
        ],
    )
    def test_filters_are_applied(
        self, place: ChromaPlace, theirs: str, filters: SearchFilters, numbers: set[str]
    ) -> None:
        source = ForeignChromaSource("archiv", place, theirs, self.MAPPING, timeout_s=PATIENT_S)

        hits = source.rank(RankedList.KEYWORD, Question("Hund Katze", filters), top_k=10)

        assert {hit.section.section.number for hit in hits if hit.section} == numbers
        source.close()

    def test_a_missing_collection_is_named_and_never_made(self, place: ChromaPlace) -> None:
        source = ForeignChromaSource("archiv", place, "gibt_es_nicht", self.MAPPING)

        for _ in range(2):
            with pytest.raises(ChromaFailed, match="no collection 'gibt_es_nicht'"):
                list(source.rank(RankedList.KEYWORD, Question("Hund"), top_k=10))
        source.close()

    def test_a_folder_is_refused_since_opening_it_would_write(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="writes into it"):
            ForeignChromaSource("archiv", ChromaPlace(folder=tmp_path), "akten", self.MAPPING)
        assert list(tmp_path.iterdir()) == []

    def test_nothing_is_written(self, place: ChromaPlace, theirs: str) -> None:
        """Every request that it sends is one of reading."""
        with _RecordingProxy(place) as (port, seen):
            source = ForeignChromaSource("archiv", ChromaPlace(HOST, port), theirs, self.MAPPING, timeout_s=PATIENT_S)
            assert source.check() == "ok"
            assert list(source.rank(RankedList.KEYWORD, Question("Hund"), top_k=10))
            source.close()

        assert {request for request in seen if request.split("/")[-1] not in ("get", "count", "query", theirs)} <= {
            "GET /api/v2/pre-flight-checks"
        }


class _TestEmbedder:
    def embed_query(self, text: str) -> object:
        return vector_of(text)


def _calls(store: ChromaStore) -> list:
    return [
        lambda: found(store, VECTOR, "Hund"),
        lambda: store.apply_many([a_change("doc_b", "x", version=2)]),
        lambda: store.forget(["doc_c"]),
    ]


def _comes_true(condition: object) -> None:
    """Wait for what a busy machine may be late with."""
    give_up = time.monotonic() + PATIENT_S
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def _fails_within(call: object, limit_s: float, reason: str) -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match=reason):
        call()
    assert time.monotonic() - started < limit_s


class _RefusingServer:
    """Says 401 to everything, as a proxy in front of Chroma does."""

    def __enter__(self) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = json.dumps({"detail": "no"}).encode()
                self.send_response(401)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_address[1]

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _RecordingProxy:
    """Passes requests on to a real server and keeps their first lines."""

    def __init__(self, place: ChromaPlace) -> None:
        self._place = place

    def __enter__(self) -> tuple[int, list[str]]:
        seen: list[str] = []
        http = httpx.Client(verify=False, trust_env=False, timeout=PATIENT_S)
        target = f"http://{self._place.host}:{self._place.port}"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append(f"{self.command} {self.path.split('?')[0]}")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {"Content-Type": "application/json"}
                answer = http.request(self.command, target + self.path, content=body, headers=headers)
                self.send_response(answer.status_code)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - as above

            def log_message(self, *_: object) -> None:
                pass

        self._http = http
        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self._server.server_address[1], seen

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._http.close()
