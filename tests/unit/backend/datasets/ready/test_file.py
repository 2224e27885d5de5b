"""A file of ready lines: kept over openings, overwritten when forgotten, done without when anything is wrong."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import SectionKey, SectionLines
from backend.datasets.still_kept import StillKept


def a_section(
    document: str = "doc_1", ordinal: int = 0, *, state: str = "1-a", text: str = "Erlaubnis"
) -> SectionLines:
    content = f'{{"text":"{text} {ordinal}"}}\n'.encode()
    return SectionLines(SectionKey(document, state, ordinal), f"key-{ordinal}", 0.75, False, 1, content)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "streams" / "a.lines"


def test_what_was_put_is_found_by_document_and_by_section(path: Path) -> None:
    made = [a_section(ordinal=number) for number in (0, 1, 12, 2)]
    with ReadyFile(path) as file:
        file.put(made)
        file.put([made[0]._replace(is_rejected=True, score=0.0)])

    with ReadyFile(path) as file:
        found = file.of_document("doc_1", "1-a")
        assert [each.key.ordinal for each in found] == [0, 1, 2, 12]
        assert (found[0].is_rejected, found[0].score) == (True, 0.0)
        assert found[1] == made[1]
        keys = [made[2].key, SectionKey("doc_1", "1-a", 99), SectionKey("doc_2", "1-a", 0)]
        assert file.of_sections(keys) == {made[2].key: made[2]}


def test_another_state_of_a_document_is_another_document(path: Path) -> None:
    with ReadyFile(path) as file:
        file.put([a_section(), a_section(state="2-b")])

        assert [each.key.state for each in file.of_document("doc_1", "2-b")] == ["2-b"]
        assert list(file.documents()) == [("doc_1", "1-a"), ("doc_1", "2-b")]


def test_what_is_forgotten_leaves_no_word_on_the_disk(path: Path) -> None:
    with ReadyFile(path) as file:
        file.put([a_section(ordinal=number, text="Geheimes Wort") for number in range(200)])
        file.put([a_section("doc_2", text="Bleibendes")])
    with ReadyFile(path) as file:
        file.forget([("doc_1", "1-a")])
        on_disk = b"".join(each.read_bytes() for each in path.parent.iterdir())

        assert list(file.documents()) == [("doc_2", "1-a")]
    assert b"Geheimes" not in on_disk
    assert b"Bleibendes" in on_disk


def test_a_broken_file_is_done_without_and_the_next_one_is_whole(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)

    with ReadyFile(path) as file:
        file.put([a_section()])
        assert not file.is_open
        assert file.of_document("doc_1", "1-a") == []
        assert file.of_sections([a_section().key]) == {}
        assert list(file.documents()) == []
    with ReadyFile(path) as file:
        file.put([a_section()])
        assert file.of_document("doc_1", "1-a") == [a_section()]
    assert [entry.message for entry in caplog.records if entry.levelno == logging.WARNING] == ["ready.unusable"]


def test_a_folder_that_cannot_be_made_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "streams").write_text("a file")

    with ReadyFile(tmp_path / "streams" / "a.lines") as file:
        file.put([a_section()])

        assert not file.is_open


def test_a_file_that_somebody_else_holds_is_done_without(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.datasets.ready.file._PATIENCE_S", 0.05)
    with ReadyFile(path) as file:
        file.put([a_section()])
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
    with ReadyFile(path) as file:
        assert file.of_document("doc_1", "1-a") == [a_section()]
        file.put([a_section(ordinal=1)])
        assert not file.is_open
    holder.close()

    with ReadyFile(path) as file:
        assert file.of_document("doc_1", "1-a") == [a_section()]


def test_a_document_is_whole_once_somebody_said_so_until_it_is_forgotten(path: Path) -> None:
    with ReadyFile(path) as file:
        file.put([a_section()], whole=[("doc_1", "1-a"), ("doc_empty", "1-e")])
        file.put([a_section(ordinal=1), a_section("doc_2")])

        assert list(file.whole_documents()) == [("doc_1", "1-a"), ("doc_empty", "1-e")]
        assert list(file.documents()) == [("doc_1", "1-a"), ("doc_2", "1-a"), ("doc_empty", "1-e")]
        file.forget_document("doc_1")
        file.put([a_section()])
        assert list(file.whole_documents()) == [("doc_empty", "1-e")]


def test_orders_are_noted_once(path: Path) -> None:
    with ReadyFile(path) as file:
        assert file.orders() == []
        for note in ("b", "a", "b"):
            file.note_order(note)
    with ReadyFile(path) as file:
        assert file.orders() == ["a", "b"]


def put_into(path: Path) -> None:
    with ReadyFile(path) as file:
        file.put([a_section(text="Geheimes Wort"), a_section("doc_2")])


def test_who_cannot_forget_since_somebody_else_writes_says_so_and_another_attempt_does_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.datasets.ready.file._PATIENCE_S", 0.05)
    put_into(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with ReadyFile(path) as file, pytest.raises(StillKept, match="erase the document again"):
            file.forget_document("doc_1")
        holder.execute("ROLLBACK")

    with ReadyFile(path) as file:
        file.forget_document("doc_1")
        assert list(file.documents()) == [("doc_2", "1-a")]


def test_a_file_that_cannot_be_written_goes_as_a_whole_when_something_is_forgotten(path: Path) -> None:
    put_into(path)
    with ReadyFile(path) as file:
        assert file._connection is not None
        # as on a full disk, "attempt to write a readonly database" is no lock and no damage
        file._connection.execute("PRAGMA query_only=ON")
        file.forget([("doc_1", "1-a")])

        assert not file.is_open
        assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database" * 1000, None])
def test_what_can_neither_be_read_nor_removed_is_told(
    path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_into(path)
    if content is not None:
        path.write_bytes(content)

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    # as where another process has it open on Windows
    monkeypatch.setattr("backend.datasets.ready.file.discard_file", refuse)
    with ReadyFile(path) as file:
        if file._connection is not None:
            file._connection.execute("PRAGMA query_only=ON")
        for _ in range(2):
            with pytest.raises(StillKept, match="Permission denied"):
                file.forget_document("doc_1")


def test_nothing_is_kept_in_a_file_that_could_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "streams").write_text("a file")
    with ReadyFile(tmp_path / "streams" / "a.lines") as file:
        (tmp_path / "streams").unlink()
        file.forget_document("doc_1")


def test_what_left_a_file_is_room_in_it(path: Path) -> None:
    with ReadyFile(path) as file:
        assert file.free_bytes() == 0
        file.put([a_section(ordinal=number, text="Wort " * 1000) for number in range(100)])
        before = file.free_bytes()
        file.forget_document("doc_1")

        assert file.free_bytes() > before + 400_000
    assert file.free_bytes() == 0
