"""The embedded search store: the contract, and the life of its file."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.database.adapters.embedded import EmbeddedSearchStore, EmbeddedStoreFailed
from shared.database.base import StoreNotBuilt
from shared.database.inverted_index import building
from shared.database.search_store import DocumentChange, Question
from shared.models.search import RankedList
from tests.contracts.ranked_list_contracts import (
    CitationListContract,
    CompoundListContract,
    GraphListContract,
    KeywordListContract,
)
from tests.contracts.search_store_contract import SearchStoreContract
from tests.support.search import a_change, a_law, an_erasure, found, held_ids, seeds
from tests.support.small_disk import NoSmallDisk, fill, small_disk

KEYWORD = RankedList.KEYWORD
ROOT = Path(__file__).parents[5]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "unter" / "suche #1.db"


@pytest.fixture
def unbuilt_store(path: Path) -> EmbeddedSearchStore:
    return EmbeddedSearchStore(path)


@pytest.fixture
def store(unbuilt_store: EmbeddedSearchStore) -> Iterator[EmbeddedSearchStore]:
    unbuilt_store.rebuild([])
    yield unbuilt_store
    unbuilt_store.close()


class TestEmbeddedSearchStore(SearchStoreContract):
    pass


class TestKeywordList(KeywordListContract):
    pass


class TestCompoundList(CompoundListContract):
    pass


class TestCitationList(CitationListContract):
    pass


class TestGraphList(GraphListContract):
    pass


@pytest.fixture
def filled(store: EmbeddedSearchStore) -> EmbeddedSearchStore:
    store.rebuild([a_change("doc_a", *["Hund und Katze"] * 200)])
    return store


def test_what_was_applied_is_there_for_the_next_process(filled: EmbeddedSearchStore, path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from shared.database.adapters.embedded import EmbeddedSearchStore;"
        "from shared.database.search_store import Question; from shared.models.search import RankedList;"
        "hits = EmbeddedSearchStore(Path(sys.argv[1])).rank(RankedList.KEYWORD, Question('Hund'), top_k=1000);"
        "print(len(list(hits)))"
    )
    told = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "200"


def test_an_idle_or_empty_store_does_without_numpy(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from shared.database.adapters.embedded import EmbeddedSearchStore;"
        "from shared.database.search_store import Question; from shared.models.search import RankedList;"
        "store = EmbeddedSearchStore(Path(sys.argv[1])); store.check(); store.rebuild([]); store.apply_many([]);"
        "found = [list(store.rank(wanted, Question('Hund'), top_k=9)) for wanted in store.lists];"
        "print(store.check(), found, list(store.held()), 'numpy' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "x.db"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.strip() == "ok [[], [], [], []] [] False"


def test_commits_survive_a_power_cut(filled: EmbeddedSearchStore) -> None:
    with closing(filled._open(patience_s=1)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_texts_are_not_stored_a_second_time(store: EmbeddedSearchStore, path: Path) -> None:
    store.rebuild([a_change("doc_a", *["Geheimwort ist langweilig. " * 50] * 400)])

    assert path.stat().st_size < 400 * 50 * 27 / 2
    assert b"Geheimwort ist" not in path.read_bytes()


def test_a_rebuild_gives_back_what_the_old_state_took(store: EmbeddedSearchStore, path: Path) -> None:
    store.rebuild([a_change("doc_a", *(f"wort{number} steuerverordnung{number}" for number in range(2000)))])
    large = path.stat().st_size

    store.rebuild([a_change("doc_a", "Hund")])

    assert path.stat().st_size < large / 4
    assert not (wal := path.with_name(path.name + "-wal")).exists() or wal.stat().st_size == 0


def test_a_deleted_file_is_missing_and_not_empty(filled: EmbeddedSearchStore, path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()

    assert "has not been built" in filled.check()
    with pytest.raises(StoreNotBuilt):
        filled.apply_many([a_change("doc_b", "x")])
    assert not path.exists()


def test_the_file_of_another_release_has_to_be_rebuilt(filled: EmbeddedSearchStore, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=99")

    with pytest.raises(StoreNotBuilt, match="another release"):
        found(filled, KEYWORD, "Hund")
    filled.rebuild([])
    assert filled.check() == "ok"


def test_a_file_that_another_process_built_anew_is_not_taken_for_the_old_one(
    filled: EmbeddedSearchStore, path: Path
) -> None:
    assert len(found(filled, KEYWORD, "Hund")) == 100

    EmbeddedSearchStore(path).rebuild([a_change("doc_z", "Ein Hund", "Katze")])

    assert found(filled, KEYWORD, "Hund") == ["doc_z:1:0"]


@pytest.mark.parametrize("content", [b"keine Datenbank" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_named_and_can_be_rebuilt(
    unbuilt_store: EmbeddedSearchStore, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(EmbeddedStoreFailed, match="rebuilt"):
        found(unbuilt_store, KEYWORD, "Hund")
    with pytest.raises(EmbeddedStoreFailed):
        unbuilt_store.apply_many([a_change("doc_a", "x")])
    assert path.name in unbuilt_store.check()

    unbuilt_store.rebuild([a_change("doc_a", "Hund")])
    assert found(unbuilt_store, KEYWORD, "Hund") == ["doc_a:1:0"]


def test_a_damaged_index_fails_aloud_and_can_be_rebuilt(filled: EmbeddedSearchStore, path: Path) -> None:
    filled.close()
    raw = path.read_bytes()
    path.write_bytes(raw[:4096] + b"\xa5" * (len(raw) - 4096))

    assert filled.check() != "ok"
    with pytest.raises(EmbeddedStoreFailed):
        found(filled, KEYWORD, "Hund")

    filled.rebuild([a_change("doc_a", "Hund")])
    assert (filled.check(), found(filled, KEYWORD, "Hund")) == ("ok", ["doc_a:1:0"])


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE segments SET columns = x'0102'",
        "UPDATE segments SET documents = '{}'",
        "UPDATE liveness SET live = x''",
        "DELETE FROM segments",
        "UPDATE postings SET packed = x'0102'",
    ],
)
def test_rows_that_cannot_be_right_are_damage(filled: EmbeddedSearchStore, path: Path, damage: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)

    if damage == "DELETE FROM segments":
        assert [held.section_count for held in filled.held()] == [0]
    else:
        with pytest.raises(EmbeddedStoreFailed, match="damaged"):
            found(filled, KEYWORD, "Hund")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "datei").write_text("x")
    store = EmbeddedSearchStore(tmp_path / "datei" / "suche.db")

    with pytest.raises(EmbeddedStoreFailed):
        store.rebuild([])


def test_a_full_disk_is_unavailable_and_nothing_is_lost(tmp_path: Path) -> None:
    try:
        with small_disk(tmp_path / "platte", size_mb=4) as folder:
            store = EmbeddedSearchStore(folder / "suche.db")
            store.rebuild([a_change("doc_a", "Hund")])
            ballast = fill(folder)
            with pytest.raises(EmbeddedStoreFailed, match=r"full|disk I/O"):
                store.apply_many([a_change("doc_b", *(f"Hund {n} wort{n}" for n in range(3000)))])
            ballast.unlink()
            assert found(store, KEYWORD, "Hund") == ["doc_a:1:0"]
            assert store.apply_many([a_change("doc_b", "Hund")]) == 1
    except NoSmallDisk as exc:
        pytest.skip(str(exc))


def test_threads_write_and_search_at_the_same_time(filled: EmbeddedSearchStore) -> None:
    def work(number: int) -> None:
        for version in range(1, 6):
            filled.apply_many([a_change(f"doc_{number}", "Vogel", version=version)])
            assert len(found(filled, KEYWORD, "Hund", top_k=1000)) == 200

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert found(filled, KEYWORD, "Vogel") == [f"doc_{number}:5:0" for number in range(4)]


def test_a_search_sees_one_state_while_others_write(filled: EmbeddedSearchStore) -> None:
    hits = filled.rank(KEYWORD, Question("Hund"), top_k=1000)
    first = next(hits)

    filled.apply_many([a_change("doc_a", "Vogel", version=2)])

    assert {first.version, *(hit.version for hit in hits)} == {1}


def test_a_search_goes_on_while_another_one_writes(filled: EmbeddedSearchStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM documents")

        assert len(found(filled, KEYWORD, "Hund", top_k=1000)) == 200
        assert held_ids(filled) == ["doc_a"]
        writer.execute("ROLLBACK")


def test_who_cannot_get_at_the_file_is_told_in_time(filled: EmbeddedSearchStore, path: Path) -> None:
    hasty = EmbeddedSearchStore(path, timeout_s=0.3, write_timeout_s=0.4)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(EmbeddedStoreFailed, match="locked"):
            hasty.apply_many([a_change("doc_b", "x")])
        assert time.monotonic() - began < 15
        other.execute("ROLLBACK")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE meta SET build = build")
        began = time.monotonic()
        with pytest.raises(EmbeddedStoreFailed, match="locked"):
            found(hasty, KEYWORD, "Hund")
        assert "locked" in hasty.check()
        assert time.monotonic() - began < 15
        other.execute("ROLLBACK")


def test_a_search_that_takes_too_long_says_so(filled: EmbeddedSearchStore, path: Path) -> None:
    hasty = EmbeddedSearchStore(path, timeout_s=0.0)
    query = " ".join(f"wort{number}" for number in range(300))

    with pytest.raises(EmbeddedStoreFailed, match="did not answer within 0 s"):
        found(hasty, RankedList.COMPOUND, query)


KILLED = """
import sys
from pathlib import Path
from shared.database.adapters.embedded import EmbeddedSearchStore
from tests.support.search import a_change

store = EmbeddedSearchStore(Path(sys.argv[1]))
for version in range(2, 10_000):
    batch = [a_change(f"doc_{n}", f"Hund v{version}", f"Katze v{version}", version=version) for n in range(20)]
    store.apply_many(batch)
    print(version, flush=True)
"""


def test_a_kill_leaves_whole_versions(store: EmbeddedSearchStore, path: Path) -> None:
    store.rebuild([a_change(f"doc_{n}", "Hund v1", "Katze v1") for n in range(20)])
    acknowledged = 1
    for round_number in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED.replace("range(2,", f"range({acknowledged + 1},"), path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for _ in range(3):
            acknowledged = int(process.stdout.readline())
        time.sleep(0.013 * round_number)
        os.kill(process.pid, signal.SIGKILL)
        rest = process.communicate()[0].split()
        acknowledged = int(rest[-1]) if rest else acknowledged

        held = list(store.held())
        (version,) = {each.version for each in held}
        assert version >= acknowledged
        assert [each.section_count for each in held] == [2] * 20
        assert len(found(store, KEYWORD, f"v{version}")) == 40
        assert store.check() == "ok"
        acknowledged = version


def test_a_killed_rebuild_never_passes_for_whole(store: EmbeddedSearchStore, path: Path) -> None:
    store.rebuild([a_change("doc_a", "Hund")])
    script = """
import os, sys, signal
from pathlib import Path
from shared.database.adapters.embedded import EmbeddedSearchStore
from tests.support.search import a_change

def changes():
    for n in range(300):
        yield a_change(f"doc_b{n}", *["Katze"] * 50)
    os.kill(os.getpid(), signal.SIGKILL)

EmbeddedSearchStore(Path(sys.argv[1])).rebuild(changes())
"""
    killed = subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert held_ids(store) == ["doc_a"]


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "FLUSH_AFTER", 12)


def everything(store: EmbeddedSearchStore) -> dict[str, list[tuple[str, float]]]:
    """All that all lists answer to some questions, with scores."""
    answers = {}
    around = seeds("doc_0:1:0", "doc_1:2:1", "doc_2:1:0", "doc_3:3:0", "doc_4:1:1")
    for wanted in sorted(store.lists):
        for query in ("Hund Verordnung", "Steuerverordnung nicht", "§ 1 AbcG", "fördern"):
            hits = store.rank(wanted, Question(query, seeds=around), top_k=1000)
            answers[f"{wanted} {query}"] = [(hit.section_id, hit.score) for hit in hits]
    return answers


WORDS = ("Hund", "Katze", "Steuerverordnung", "Verordnungen", "nicht", "fördern", "fordern", "nach § 1 AbcG")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
STATES: st.SearchStrategy[tuple[str, list[str]]] = st.one_of(
    st.tuples(st.just("text"), st.lists(TEXTS, min_size=0, max_size=4)),
    st.tuples(st.just("law"), st.lists(st.sampled_from(["§ 1", "§ 2", "§ 3"]), min_size=1, max_size=3)),
    st.tuples(st.just("erasure"), st.just([])),
)


def change_of_state(number: int, version: int, state: tuple[str, list[str]]) -> DocumentChange:
    kind, parts = state
    if kind == "erasure":
        return an_erasure(f"doc_{number}", version=version)
    if kind == "law":
        return a_law(f"doc_{number}", "AbcG", *parts, text="Hund und Steuer", version=version)
    return a_change(f"doc_{number}", *parts, version=version)


@pytest.mark.usefixtures("small_segments")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    history=st.lists(
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), STATES), min_size=1, max_size=6),
        min_size=1,
        max_size=14,
    )
)
def test_any_history_ends_like_a_rebuild(
    tmp_path_factory: pytest.TempPathFactory, history: list[list[tuple[int, int, tuple[str, list[str]]]]]
) -> None:
    folder = tmp_path_factory.mktemp("geschichte")
    grown, rebuilt = EmbeddedSearchStore(folder / "a.db"), EmbeddedSearchStore(folder / "b.db")
    grown.rebuild([])
    newest: dict[int, DocumentChange] = {}
    for batch in history:
        changes = [change_of_state(*each) for each in batch]
        grown.apply_many(changes)
        for (number, _, _), change in zip(batch, changes, strict=True):
            if number not in newest or newest[number].version <= change.version:
                newest[number] = change
    rebuilt.rebuild(newest.values())

    assert list(grown.held()) == list(rebuilt.held())
    assert everything(grown) == everything(rebuilt)


def test_segments_are_merged_and_results_stay(store: EmbeddedSearchStore, path: Path) -> None:
    changes = [a_change(f"doc_{n}", f"Hund {n}", "Steuerverordnung " * (n % 7 + 1)) for n in range(70)]
    for change in changes:
        store.apply_many([change])
    answers = everything(store)
    with closing(sqlite3.connect(path)) as connection:
        (segment_count,) = connection.execute("SELECT COUNT(*) FROM segments").fetchone()
    store.rebuild(changes)

    assert segment_count < 20
    assert everything(store) == answers


def test_what_is_dead_goes_with_the_next_merge(store: EmbeddedSearchStore, path: Path) -> None:
    for version in range(1, 30):
        store.apply_many([a_change("doc_a", *["Hund"] * 50, version=version)])

    with closing(sqlite3.connect(path)) as connection:
        (rows,) = connection.execute("SELECT SUM(row_count) FROM liveness").fetchone()
    assert rows <= 100


@pytest.mark.usefixtures("small_segments")
def test_a_document_may_lie_in_several_segments(store: EmbeddedSearchStore) -> None:
    store.rebuild([a_change("doc_a", *(f"Hund {n} und Katze {n}" for n in range(30)))])

    assert [held.section_count for held in store.held()] == [30]
    assert len(found(store, KEYWORD, "Hund")) == 30
    assert {"doc_a:1:9", "doc_a:1:11"} <= set(found(store, RankedList.GRAPH, "x", seeds=seeds("doc_a:1:10")))
    store.apply_many([a_change("doc_a", "Vogel", version=2)])
    assert found(store, KEYWORD, "Hund Vogel") == ["doc_a:2:0"]


def test_words_that_differ_by_an_umlaut_rank_apart(store: EmbeddedSearchStore) -> None:
    store.apply_many([a_change("doc_a", "Wir fordern das", "Wir fördern das")])

    for wanted in (KEYWORD, RankedList.COMPOUND):
        assert found(store, wanted, "fördern")[0] == "doc_a:1:1"
        assert found(store, wanted, "fordern")[0] == "doc_a:1:0"


def test_stop_words_find_something_only_when_nothing_else_is_asked(store: EmbeddedSearchStore) -> None:
    store.apply_many([a_change("doc_a", "die Katze", "der Hund")])

    assert found(store, KEYWORD, "der Katze") == ["doc_a:1:0"]
    assert found(store, KEYWORD, "der") == ["doc_a:1:1"]


def test_a_ruling_is_found_by_its_file_number(store: EmbeddedSearchStore) -> None:
    ruling = a_law("doc_r", "", "Leitsatz", "Gründe")
    store.apply_many([ruling, a_change("doc_x", "so auch XI ZR 24/19 und andere", "nichts")])
    assert found(store, RankedList.CITATION, "XI ZR 24/19") == []

    assert ruling.document is not None
    named = replace(ruling.document, metadata={"aktenzeichen": "XI ZR 24/19"})
    store.apply_many([replace(ruling, document=named)])

    assert found(store, RankedList.CITATION, "BGH, XI ZR 24/19") == ["doc_r:1:0", "doc_r:1:1"]
    assert "doc_x:1:0" in found(store, RankedList.GRAPH, "x", seeds=seeds("doc_r:1:0"))


def test_no_word_of_an_erased_document_stays_in_the_file(store: EmbeddedSearchStore, path: Path) -> None:
    others = [a_change(f"doc_{n}", "Gebühr und Abgabe") for n in range(9)]
    store.apply_many([a_change("doc_a", "Krausebergweg"), *others])
    store.apply_many([a_change("doc_a", "Lindenstieg", version=2)])
    assert b"krausebergw" in _content(path)

    store.apply_many([an_erasure("doc_a", version=3)])

    assert not {word for word in (b"krauseb", b"lindenst") if word in _content(path)}
    assert found(store, KEYWORD, "Abgabe") == [f"doc_{n}:1:0" for n in range(9)]


def _content(path: Path) -> bytes:
    """All bytes of the store, the log's too, in small letters."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*")).lower()
