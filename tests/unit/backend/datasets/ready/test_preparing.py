"""Lines that are made before anybody asks: the same as a stream makes, once, and none of what was erased."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.models import DatasetRequest
from backend.datasets.ready.file import ReadyFile
from backend.datasets.ready.lines import SectionLines
from backend.datasets.ready.preparing import NotPrepared, Prepared
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.ready.stream import LineStream
from backend.datasets.searching import Found
from backend.datasets.still_kept import StillKept
from tests.support.legal_texts import a_parsed_document
from tests.support.ready_desk import DOCUMENTS, SECTIONS, CountingMaker, Desk

ALL = (DOCUMENTS + 1) * SECTIONS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def shelf_of(desk: Desk) -> ReadyShelf:
    assert desk.shelf is not None
    return desk.shelf


def test_the_first_stream_finds_everything_ready_and_says_what_it_would_have_made(desk: Desk, tmp_path: Path) -> None:
    unprepared = Desk(tmp_path / "unprepared")
    unprepared.stores = desk.stores

    assert desk.prepare() == Prepared(orders=1, documents=DOCUMENTS + 1, is_full=False)
    assert desk.made == ALL
    assert desk.everything() == unprepared.everything()
    assert desk.made == 0


def test_what_is_ready_is_not_made_again(desk: Desk) -> None:
    desk.prepare()
    new = desk.register(7, a_parsed_document(7, sections=3))

    assert desk.prepare().documents == 1
    assert desk.made == 3
    assert desk.prepare().documents == 0
    assert new.document_id.encode() in desk.everything()
    assert desk.made == 0


def test_a_new_version_of_a_document_is_made_ready(desk: Desk) -> None:
    desk.prepare()
    desk.register(1, a_parsed_document(50, sections=SECTIONS))

    assert desk.prepare().documents == 1
    assert b"Satzung Nummer 50" in desk.everything()
    assert desk.made == 0


def test_what_a_stream_of_a_part_has_made_stays(desk: Desk) -> None:
    desk.everything(top_k=9)
    desk.prepare()

    assert desk.made == ALL - 9


def test_orders_that_took_everything_are_made_ready_for_new_documents_and_others_are_not(desk: Desk) -> None:
    messages: dict[str, Any] = {"record_format": "messages"}
    desk.everything(**messages)
    desk.streamed(Found(desk.hits(), {}), seed=9)
    new = desk.register(7, a_parsed_document(7, sections=3))

    assert desk.prepare().orders == 2
    assert new.document_id.encode() in desk.everything(**messages)
    assert desk.made == 0
    desk.everything(seed=9)
    assert desk.made > 0


def test_an_order_whose_template_is_gone_keeps_no_other_from_being_made(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with shelf_of(desk).open("a" * 32) or pytest.fail("no file") as file:
        file.note_order('{"record_format": "messages", "templates": ["gone"]}')
        file.note_order("{")

    assert desk.prepare() == Prepared(orders=1, documents=DOCUMENTS + 1, is_full=False)
    assert caplog.messages.count("ready.order_unusable") == 2


class Dying(CountingMaker):
    """Dies while it makes the lines of the second group of documents."""

    def made(self, wanted: Any) -> Iterator[SectionLines]:
        if self.count:
            raise RuntimeError("killed")
        return super().made(wanted)


def test_who_was_killed_on_the_way_has_kept_what_was_made(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.datasets.ready.truth._DOCUMENTS_AT_ONCE", 2)
    desk.maker_class = Dying
    with pytest.raises(RuntimeError):
        desk.prepare()
    desk.maker_class = CountingMaker

    assert desk.prepare().documents == DOCUMENTS + 1 - 2
    desk.everything()
    assert desk.made == 0


class Late(CountingMaker):
    """Makes lines of documents of which one is erased meanwhile, by who has looked at the shelf already."""

    desk: Desk
    gone: str

    def made(self, wanted: Any) -> Iterator[SectionLines]:
        made = list(super().made(wanted))
        type(self).desk.erase(type(self).gone)
        shelf_of(type(self).desk).forget(type(self).gone)
        return iter(made)


@pytest.mark.parametrize("who", ["stream", "prepare"])
def test_nothing_is_kept_of_a_document_that_is_erased_while_its_lines_are_made(
    desk: Desk, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.datasets.ready.truth._DOCUMENTS_AT_ONCE", DOCUMENTS + 1)
    Late.desk, Late.gone = desk, next(desk.stores.documents.iter_held()).document_id
    desk.maker_class = Late
    if who == "prepare":
        desk.prepare()
    else:
        desk.everything(top_k=1)

    for path in (shelf_of(desk)._folder).glob("*"):
        assert Late.gone.encode() not in path.read_bytes()


def test_files_of_other_orders_make_room_and_those_of_its_own_do_not(desk: Desk, tmp_path: Path) -> None:
    desk.everything(record_format="messages")
    desk.prepare()
    folder = shelf_of(desk)._folder
    size = sum(path.stat().st_size for path in folder.glob("*"))
    with shelf_of(desk).open("f" * 32) or pytest.fail("no file"):
        pass
    desk.register(7, a_parsed_document(7, sections=3))
    desk.shelf = ReadyShelf(folder, limit_bytes=size)

    assert desk.prepare().is_full
    assert len(list(folder.glob("*.lines"))) == 2


def test_making_is_no_use_of_a_file(desk: Desk) -> None:
    desk.everything()
    (used,) = shelf_of(desk)._folder.glob("*.lines-used")
    os.utime(used, (1_000_000, 1_000_000))
    desk.register(7, a_parsed_document(7, sections=3))

    desk.prepare()
    assert used.stat().st_mtime == 1_000_000
    desk.everything()
    assert used.stat().st_mtime > 1_000_000


def test_who_took_a_part_of_everything_orders_no_copy_of_it(desk: Desk) -> None:
    desk.everything(top_k=1, seed=9)
    desk.everything(top_k=ALL, seed=10)

    assert desk.prepare().orders == 1


def test_a_stream_that_was_cut_orders_nothing(desk: Desk) -> None:
    order = DatasetRequest.model_validate({"name": "Alles", "search_query": {"query_text": "*"}, "seed": 9})
    found = Found(desk.hits(), {}, desk.stores.documents.iter_held())
    documents, rulings = desk.stores.documents, desk.stores.reviews.rulings
    stream = LineStream(desk.maker(order), desk.shelf, documents, rulings, least_quality=0.0)
    lines = stream.lines(found, at_most=1000, at_first=3)
    next(lines)
    lines.close()

    assert desk.prepare().orders == 1


def test_orders_with_equal_lines_are_one_order(desk: Desk) -> None:
    desk.everything(max_characters=300)
    desk.everything(record_format="messages")
    desk.everything(record_format="messages", templates=["question"])

    assert desk.prepare().orders == 2


def test_the_usual_order_comes_first(desk: Desk, tmp_path: Path) -> None:
    desk.everything(record_format="messages")
    folder = shelf_of(desk)._folder
    for number in range(100, 140):
        desk.register(number, a_parsed_document(number, sections=12))
    desk.shelf = ReadyShelf(folder, limit_bytes=1_000_000)

    assert desk.prepare().is_full
    whole = {}
    for path in folder.glob("*.lines"):
        with ReadyFile(path) as file:
            whole["messages" if file.orders() else "usual"] = len(list(file.whole_documents()))
    assert whole["usual"] > whole["messages"]


def test_what_cannot_be_kept_is_told_and_made_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.datasets.ready.file._PATIENCE_S", 0.05)
    desk.prepare()
    desk.register(7, a_parsed_document(7, sections=3))
    (path,) = shelf_of(desk)._folder.glob("*.lines")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(NotPrepared, match="cannot be kept"):
            desk.prepare()

    assert desk.prepare() == Prepared(orders=1, documents=1, is_full=False)


def test_a_folder_that_cannot_be_made_is_told(desk: Desk) -> None:
    shelf_of(desk)._folder.write_text("a file")

    with pytest.raises(NotPrepared):
        desk.prepare()
    assert desk.made == 0


class Erasing(Late):
    """The same, by who has not looked at the shelf."""

    def made(self, wanted: Any) -> Iterator[SectionLines]:
        made = list(CountingMaker.made(self, wanted))
        if self.desk.stores.documents.newest([self.gone]):
            self.desk.erase(self.gone)
        return iter(made)


@pytest.mark.parametrize("who", ["stream", "prepare"])
def test_what_was_erased_meanwhile_and_cannot_be_taken_out_fails_the_making_and_no_stream(
    desk: Desk, who: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(file: ReadyFile, _document_id: str) -> None:
        raise StillKept(file.path, "database is locked")

    Erasing.desk, Erasing.gone = desk, next(desk.stores.documents.iter_held()).document_id
    desk.maker_class = Erasing
    monkeypatch.setattr(ReadyFile, "forget_document", refuse)
    if who == "prepare":
        with pytest.raises(StillKept):
            desk.prepare()
    else:
        assert desk.everything()
        assert "ready.still_kept" in caplog.messages


def test_where_nothing_is_kept_nothing_is_made(desk: Desk, tmp_path: Path) -> None:
    desk.shelf = ReadyShelf(tmp_path / "none", limit_bytes=0)

    assert desk.prepare() == Prepared(orders=1, documents=0, is_full=False)
    assert desk.made == 0
