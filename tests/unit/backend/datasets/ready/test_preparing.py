"""Lines that are made before anybody asks: the same as a stream makes, once, and none of what was erased."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.ready.lines import SectionLines
from backend.datasets.ready.preparing import Prepared
from backend.datasets.ready.shelf import ReadyShelf
from backend.datasets.searching import Found
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
    (path,) = shelf_of(desk)._folder.glob("*.lines")
    os.utime(path, (1_000_000, 1_000_000))
    desk.register(7, a_parsed_document(7, sections=3))

    desk.prepare()
    assert path.stat().st_mtime == 1_000_000
    desk.everything()
    assert path.stat().st_mtime > 1_000_000


def test_where_nothing_is_kept_nothing_is_made(desk: Desk, tmp_path: Path) -> None:
    desk.shelf = ReadyShelf(tmp_path / "none", limit_bytes=0)

    assert desk.prepare() == Prepared(orders=1, documents=0, is_full=False)
    assert desk.made == 0
