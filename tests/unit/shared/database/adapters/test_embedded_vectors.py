"""The embedded vector store: the contract, the life of its file, and what its first pass keeps."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from shared.database.adapters.embedded_vectors import EmbeddedVectorsFailed, EmbeddedVectorStore
from shared.database.base import StoreNotBuilt
from shared.database.embeddings.errors import EmbeddingModelChanged
from shared.database.search_store import DocumentChange, Question
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import VectorListContract
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.search import DIMENSION, a_change, found, held_ids

VECTOR = RankedList.VECTOR


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unter" / "vektoren #1.db"


@pytest.fixture
def unbuilt_store(path: Path) -> EmbeddedVectorStore:
    return a_store(path)


@pytest.fixture
def filled(unbuilt_store: EmbeddedVectorStore) -> EmbeddedVectorStore:
    unbuilt_store.rebuild([a_change("doc_a", *(f"Hund und Katze {n}" for n in range(200)))])
    return unbuilt_store


def a_store(path: Path, model: str = "test@1/64") -> EmbeddedVectorStore:
    return EmbeddedVectorStore(path, model, DIMENSION, timeout_s=10.0, write_timeout_s=10.0)


class TestEmbeddedVectorStore(SearchStoreContract, VectorListContract):
    pass


def test_what_was_applied_is_there_for_the_next_process(filled: EmbeddedVectorStore, path: Path) -> None:
    assert len(found(a_store(path), VECTOR, "Hund", top_k=1000)) == 200


def test_a_second_process_sees_what_the_first_one_writes(filled: EmbeddedVectorStore, path: Path) -> None:
    reader = a_store(path)
    assert found(reader, VECTOR, "Vogel", top_k=1)[0].startswith("doc_a:1:")

    filled.apply_many([a_change("doc_b", "Vogel"), a_change("doc_a", "Maus", version=2)])

    assert found(reader, VECTOR, "Vogel", top_k=1) == ["doc_b:1:0"]
    assert set(found(reader, VECTOR, "Hund Vogel Maus")) == {"doc_b:1:0", "doc_a:2:0"}


def test_a_reader_follows_forgetting_and_rebuilding(filled: EmbeddedVectorStore, path: Path) -> None:
    reader = a_store(path)
    filled.apply_many([a_change("doc_b", "Vogel")])
    assert "doc_b:1:0" in found(reader, VECTOR, "Vogel")

    filled.forget(["doc_b"])
    assert "doc_b:1:0" not in found(reader, VECTOR, "Vogel", top_k=1000)

    filled.rebuild([a_change("doc_c", "Vogel")])
    assert found(reader, VECTOR, "Vogel") == ["doc_c:1:0"]


@pytest.mark.parametrize("change", ["search", "apply", "check", "held", "forget"])
def test_vectors_of_another_model_are_never_mixed(filled: EmbeddedVectorStore, path: Path, change: str) -> None:
    other = a_store(path, "other@2/64")
    calls = {
        "search": lambda: found(other, VECTOR, "Hund"),
        "apply": lambda: other.apply_many([a_change("doc_b", "Hund")]),
        "held": lambda: list(other.held()),
        "forget": lambda: other.forget(["doc_a"]),
    }
    if change == "check":
        assert "test@1/64" in other.check()
        assert "other@2/64" in other.check()
        return
    with pytest.raises(EmbeddingModelChanged, match=r"test@1/64.*other@2/64.*clara stores rebuild"):
        calls[change]()
    assert held_ids(filled) == ["doc_a"]


def test_a_rebuild_takes_the_new_model(filled: EmbeddedVectorStore, path: Path) -> None:
    other = a_store(path, "other@2/64")
    other.rebuild([a_change("doc_b", "Hund")])

    assert found(other, VECTOR, "Hund") == ["doc_b:1:0"]
    with pytest.raises(EmbeddingModelChanged):
        found(filled, VECTOR, "Hund")


def test_a_question_of_another_dimension_is_refused(filled: EmbeddedVectorStore) -> None:
    with pytest.raises(EmbeddingModelChanged, match="32 numbers"):
        list(filled.rank(VECTOR, Question("Hund", vector=np.ones(32, dtype=np.float32)), top_k=1))


def test_sections_without_vectors_are_refused(filled: EmbeddedVectorStore) -> None:
    change = a_change("doc_b", "Hund")
    with pytest.raises(ValueError, match="needs a vector of 64 numbers"):
        filled.apply_many([DocumentChange("doc_b", 1, change.document, change.sections)])


def test_a_deleted_file_is_missing_and_not_empty(filled: EmbeddedVectorStore, path: Path) -> None:
    assert found(filled, VECTOR, "Hund")
    for file in path.parent.iterdir():
        file.unlink()

    assert "has not been built" in filled.check()
    with pytest.raises(StoreNotBuilt):
        found(filled, VECTOR, "Hund")
    assert not path.exists()


def test_the_file_of_another_release_has_to_be_rebuilt(filled: EmbeddedVectorStore, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(StoreNotBuilt, match="another release"):
        found(filled, VECTOR, "Hund")
    filled.rebuild([])
    assert filled.check() == "ok"


@pytest.mark.parametrize("content", [b"keine Datenbank" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_and_can_be_rebuilt(
    unbuilt_store: EmbeddedVectorStore, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(EmbeddedVectorsFailed, match="rebuilt"):
        found(unbuilt_store, VECTOR, "Hund")
    with pytest.raises(EmbeddedVectorsFailed):
        unbuilt_store.apply_many([a_change("doc_a", "x")])
    assert path.name in unbuilt_store.check()

    unbuilt_store.rebuild([a_change("doc_a", "Hund")])
    assert found(unbuilt_store, VECTOR, "Hund") == ["doc_a:1:0"]


def test_damaged_content_fails_aloud_and_can_be_rebuilt(filled: EmbeddedVectorStore, path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xa5" * (len(raw) - 4096))

    assert filled.check() != "ok"
    with pytest.raises(EmbeddedVectorsFailed):
        found(filled, VECTOR, "Hund")

    filled.rebuild([a_change("doc_a", "Hund")])
    assert (filled.check(), found(filled, VECTOR, "Hund")) == ("ok", ["doc_a:1:0"])


def test_a_writer_waits_for_a_locked_file_only_so_long(filled: EmbeddedVectorStore, path: Path) -> None:
    store = EmbeddedVectorStore(path, "test@1/64", DIMENSION, timeout_s=10.0, write_timeout_s=0.4)
    lock = sqlite3.connect(path, isolation_level=None)
    try:
        lock.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(EmbeddedVectorsFailed, match="locked"):
            store.apply_many([a_change("doc_b", "Hund")])
        assert time.monotonic() - started < 15
        assert len(found(store, VECTOR, "Hund", top_k=3)) == 3
    finally:
        lock.close()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("x")

    with pytest.raises(EmbeddedVectorsFailed):
        a_store(tmp_path / "datei" / "vektoren.db").rebuild([])


def test_threads_write_and_search_at_the_same_time(filled: EmbeddedVectorStore) -> None:
    def work(number: int) -> None:
        for version in range(1, 6):
            filled.apply_many([a_change(f"doc_{number}", "Vogel", version=version)])
            assert len(found(filled, VECTOR, "Hund Katze", top_k=200)) == 200

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert sorted(found(filled, VECTOR, "Vogel", top_k=4)) == [f"doc_{number}:5:0" for number in range(4)]


_WRITER = """
import sys
from pathlib import Path
from tests.support.search import a_change, DIMENSION
from shared.database.adapters.embedded_vectors import EmbeddedVectorStore
store = EmbeddedVectorStore(Path(sys.argv[1]), "test@1/64", DIMENSION)
for number in range(10_000):
    store.apply_many([a_change(f"doc_{number % 7}", *["Hund"] * (number + 1), version=number + 1)])
    print(number + 1, flush=True)
"""


def test_a_killed_writer_loses_nothing_it_acknowledged(filled: EmbeddedVectorStore, path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = 0
    while said < 20:
        said = int(process.stdout.readline())
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()

    said = int(rest[-1]) if rest else said
    held = [each for each in filled.held() if each.document_id != "doc_a"]
    assert max(each.version for each in held) >= said
    assert all(each.section_count == each.version for each in held)
    assert filled.check() == "ok"


def test_the_first_pass_keeps_what_is_near() -> None:
    """2,000 of 20,000 vectors of few dimensions in many, as embeddings are."""
    from shared.database.adapters.vector_codes import encode, encode_query
    from shared.database.adapters.vector_index import Block, VectorIndex, nearest, place_type

    rng = np.random.default_rng(3)
    spread = rng.standard_normal((24, 256)).astype(np.float32)
    vectors = rng.standard_normal((20_000, 24)).astype(np.float32) @ spread + 2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    centre = vectors[:1000].mean(axis=0)
    codes = encode(vectors, centre)
    places = np.zeros(len(vectors), dtype=place_type())
    places["row"], places["factor"] = np.arange(len(vectors)), codes.factors
    block = Block(np.ascontiguousarray(codes.bits.T), places, np.ones(len(vectors), dtype=np.bool_))

    near, estimates = nearest(VectorIndex("e", 1, (block,)), encode_query(vectors[7], centre), None, None, 2000)

    order = np.argsort(-(vectors @ vectors[7]), kind="stable")
    assert near["row"][0] == 7
    assert len(set(near["row"][:500]) & set(order[:100])) >= 95
    assert len(set(near["row"]) & set(order[:2000])) >= 1600
    assert np.abs(estimates - vectors[near["row"]] @ vectors[7]).mean() < 0.1
