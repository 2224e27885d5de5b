"""The embedded search store: the contract, and the life of its file."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.database.adapters.embedded import EmbeddedSearchStore, EmbeddedStoreFailed
from shared.database.adapters.fts_index import MAX_LEXEMES, match_expression
from shared.database.base import StoreNotBuilt
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.search import found, sections_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unter" / "suche #1.db"


@pytest.fixture
def unbuilt_store(path: Path) -> EmbeddedSearchStore:
    return EmbeddedSearchStore(path)


@pytest.fixture
def filled(unbuilt_store: EmbeddedSearchStore) -> EmbeddedSearchStore:
    unbuilt_store.rebuild([("doc_a", 1, sections_of("doc_a", *["Hund und Katze"] * 200))])
    return unbuilt_store


class TestEmbeddedSearchStore(SearchStoreContract):
    pass


def test_what_was_applied_is_there_for_the_next_process(filled: EmbeddedSearchStore, path: Path) -> None:
    assert len(found(EmbeddedSearchStore(path), "Hund", top_k=1000)) == 200


def test_commits_survive_a_power_cut(filled: EmbeddedSearchStore) -> None:
    connection = filled._open()
    try:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    finally:
        connection.close()


def test_texts_are_not_stored_a_second_time(unbuilt_store: EmbeddedSearchStore, path: Path) -> None:
    unbuilt_store.rebuild([("doc_a", 1, sections_of("doc_a", *["Geheimwort ist langweilig. " * 50] * 400))])

    assert path.stat().st_size < 400 * 50 * 27 / 2
    assert b"Geheimwort ist" not in path.read_bytes()


def test_a_deleted_file_is_missing_and_not_empty(filled: EmbeddedSearchStore, path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()

    assert "has not been built" in filled.check()
    with pytest.raises(StoreNotBuilt):
        filled.apply("doc_b", 1, sections_of("doc_b", "x"))
    assert not path.exists()


def test_the_file_of_another_release_has_to_be_rebuilt(filled: EmbeddedSearchStore, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(StoreNotBuilt, match="another release"):
        found(filled, "Hund")
    filled.rebuild([])
    assert filled.check() == "ok"


@pytest.mark.parametrize("content", [b"keine Datenbank" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_and_can_be_rebuilt(
    unbuilt_store: EmbeddedSearchStore, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(EmbeddedStoreFailed, match="rebuilt"):
        found(unbuilt_store, "Hund")
    with pytest.raises(EmbeddedStoreFailed):
        unbuilt_store.apply("doc_a", 1, sections_of("doc_a", "x"))
    assert path.name in unbuilt_store.check()

    unbuilt_store.rebuild([("doc_a", 1, sections_of("doc_a", "Hund"))])
    assert found(unbuilt_store, "Hund") == ["doc_a:1:0"]


def test_a_damaged_index_fails_aloud_and_can_be_rebuilt(filled: EmbeddedSearchStore, path: Path) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xa5" * (len(raw) - 4096))

    assert filled.check() != "ok"
    with pytest.raises(EmbeddedStoreFailed):
        found(filled, "Hund")

    filled.rebuild([("doc_a", 1, sections_of("doc_a", "Hund"))])
    assert (filled.check(), found(filled, "Hund")) == ("ok", ["doc_a:1:0"])


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("x")
    store = EmbeddedSearchStore(tmp_path / "datei" / "suche.db")

    with pytest.raises(EmbeddedStoreFailed):
        store.rebuild([])


def test_threads_write_and_search_at_the_same_time(filled: EmbeddedSearchStore) -> None:
    def work(number: int) -> None:
        for version in range(1, 6):
            filled.apply(f"doc_{number}", version, sections_of(f"doc_{number}", "Vogel", version=version))
            assert len(found(filled, "Hund", top_k=1000)) == 200

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert found(filled, "Vogel") == [f"doc_{number}:5:0" for number in range(4)]


def test_a_search_sees_one_state_while_others_write(filled: EmbeddedSearchStore) -> None:
    hits = filled.search("Hund", top_k=1000)
    first = next(hits)

    filled.apply("doc_a", 2, sections_of("doc_a", "Vogel", version=2))

    assert {first.version, *(hit.version for hit in hits)} == {1}


def test_a_query_is_cut_to_its_first_different_words() -> None:
    words = match_expression("Hund HUND hund " + " ".join(f"wort{number}" for number in range(200))).split(" OR ")

    assert words[:2] == ['"hund"', '"wort0"']
    assert len(words) == MAX_LEXEMES
