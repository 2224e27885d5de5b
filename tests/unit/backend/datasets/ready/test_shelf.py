"""The shelf of ready lines: bounded, the last used stay, and nothing of an erased document stays on it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import SectionKey, SectionLines, state_of
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.still_kept import StillKept
from shared.database.search_store import HeldDocument

_BIG = b"x" * 100_000


def some_lines(document: str, *, version: int = 1) -> SectionLines:
    return SectionLines(SectionKey(document, state_of(version, "a" * 64), 0), "key", 1.0, False, 1, _BIG)


def held(*documents: HeldDocument) -> Callable[[], Iterator[HeldDocument]]:
    return lambda: iter(documents)


def a_document(document: str, *, version: int = 1, sha256: str = "a" * 64, is_erased: bool = False) -> HeldDocument:
    return HeldDocument(document, version, sha256, 1, is_erased)


def opened(shelf: ReadyShelf, key: str = "one") -> ReadyFile:
    file = shelf.open(key)
    assert file is not None
    return file


def test_without_a_limit_nothing_is_kept(tmp_path: Path) -> None:
    assert ReadyShelf(tmp_path / "streams", limit_bytes=0).open("one") is None
    assert not (tmp_path / "streams").exists()


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=700_000)
    for age, key in ((300, "oldest"), (200, "older"), (0, "own")):
        with opened(shelf, key) as file:
            file.put([some_lines("doc_1"), some_lines("doc_2")])
        os.utime(f"{file.path}-used", (1_000_000 - age,) * 2)

    with opened(shelf, "older"):
        pass
    with opened(shelf, "own") as file:
        assert shelf.has_room(file)
    assert sorted(each.name.partition("-")[0] for each in tmp_path.glob("*.lines")) == ["older", "own"]


def test_a_file_that_was_removed_while_somebody_used_it_never_meets_its_successor(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=1)
    with opened(shelf, "one") as first:
        first.put([some_lines("doc_1")])
        with opened(shelf, "two") as rival:
            assert not shelf.has_room(rival)
        with opened(shelf, "one") as second:
            second.put([some_lines("doc_2")])
            assert second.path != first.path
            first.close()
        # closing removes logs by their names
    with opened(shelf, "one") as third:
        assert [document for document, _ in third.documents()] == ["doc_2"]


def test_a_file_alone_grows_to_the_limit(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=500_000)
    with opened(shelf) as file:
        written = 0
        while shelf.has_room(file):
            file.put([some_lines(f"doc_{written}")])
            written += 1

        assert 1 <= written <= 5
        assert len(list(file.documents())) == written


def test_a_full_file_has_room_again_for_as_much_as_was_forgotten(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=1_000_000)

    def fill(version: int) -> int:
        written = 0
        # the log is room as well, once it is in the file
        for number in range(100):
            with opened(shelf) as file:
                if shelf.has_room(file):
                    file.put([some_lines(f"doc_{number}", version=version)])
                    written += 1
        return written

    written = fill(1)
    assert 5 < written < 15
    assert shelf.sweep(held()) == written
    assert fill(2) >= written - 1
    assert sum(each.stat().st_size for each in tmp_path.iterdir()) < 1_300_000


def test_the_last_of_the_disk_is_left_to_others(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=1 << 30, least_free_bytes=1 << 60)
    with opened(shelf) as file:
        assert not shelf.has_room(file)


@pytest.mark.parametrize(
    "truth",
    [
        held(a_document("doc_1"), a_document("doc_3")),
        held(a_document("doc_1"), a_document("doc_2", version=2, is_erased=True), a_document("doc_3")),
        held(a_document("doc_1"), a_document("doc_2", version=2), a_document("doc_3")),
        held(a_document("doc_1"), a_document("doc_2", sha256="b" * 64), a_document("doc_3"), a_document("doc_4")),
    ],
)
def test_what_belongs_to_no_present_document_is_swept(
    tmp_path: Path, truth: Callable[[], Iterator[HeldDocument]]
) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)
    for key in ("one", "two"):
        with opened(shelf, key) as file:
            file.put([some_lines(f"doc_{number}") for number in (1, 2, 3)])

    assert shelf.sweep(truth) == 2
    assert shelf.sweep(truth) == 0
    with opened(shelf, "two") as file:
        assert [document for document, _ in file.documents()] == ["doc_1", "doc_3"]


def test_where_nothing_was_kept_the_truth_is_not_read(tmp_path: Path) -> None:
    def unread() -> Iterator[HeldDocument]:
        raise AssertionError("read")

    assert ReadyShelf(tmp_path / "streams", limit_bytes=1).sweep(unread) == 0


def test_what_was_made_of_one_document_is_forgotten_in_every_state_and_file(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)
    for key in ("one", "two"):
        with opened(shelf, key) as file:
            file.put([some_lines(f"doc_{number}") for number in (1, 2, 3)])
    shelf.forget("doc_2")
    shelf.forget("doc_2")

    for key in ("one", "two"):
        with opened(shelf, key) as file:
            assert [document for document, _ in file.documents()] == ["doc_1", "doc_3"]
            assert not file.of_document("doc_2", some_lines("doc_2").key.state)


@pytest.mark.parametrize("how", ["forget", "sweep"])
def test_what_cannot_be_taken_out_of_one_file_leaves_the_others_and_is_told(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.datasets.ready.file._PATIENCE_S", 0.05)
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)
    for key in ("one", "two", "three"):
        with opened(shelf, key) as file:
            file.put([some_lines("doc_1"), some_lines("doc_2")])
    truth = held(a_document("doc_1"))
    with opened(shelf, "one") as locked, closing(sqlite3.connect(locked.path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StillKept):
            shelf.forget("doc_2") if how == "forget" else shelf.sweep(truth)
    kept = {}
    for key in ("one", "two", "three"):
        with opened(shelf, key) as file:
            kept[key] = [document for document, _ in file.documents()]

    assert kept == {"one": ["doc_1", "doc_2"], "two": ["doc_1"], "three": ["doc_1"]}
    assert shelf.sweep(truth) == 1


@pytest.mark.parametrize("how", ["forget", "sweep"])
def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)
    with opened(shelf) as file:
        file.put([some_lines("doc_1")])

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    # this test may run as root, who may read everything
    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        with pytest.raises(StillKept, match="Permission denied"):
            shelf.forget("doc_1") if how == "forget" else shelf.sweep(held())
    assert shelf.sweep(held()) == 1


@pytest.mark.parametrize("how", ["forget", "sweep"])
def test_the_log_of_a_file_that_was_removed_goes_too(tmp_path: Path, how: str) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)
    with opened(shelf) as file:
        file.put([some_lines("doc_1")])
    (tmp_path / "gone-1.lines-wal").write_bytes(b"words of doc_2")
    (tmp_path / "gone-1.lines-used").touch()
    shelf.forget("doc_2") if how == "forget" else shelf.sweep(held(a_document("doc_1")))

    assert {each.name for each in tmp_path.iterdir()} == {file.path.name, f"{file.path.name}-used"}


def test_who_used_a_file_while_it_was_filled_has_used_it(tmp_path: Path) -> None:
    shelf = ReadyShelf(tmp_path, limit_bytes=10_000_000)

    def used_at(file: ReadyFile) -> float:
        return Path(f"{file.path}-used").stat().st_mtime

    for is_used in (False, True):
        with shelf.opened_unused("one") as file:
            assert file is not None
            os.utime(f"{file.path}-used", (1_000_000, 1_000_000))
            if is_used:
                opened(shelf).close()
            file.put([some_lines("doc_1")])
        assert (used_at(file) > 1_000_000) == is_used
