"""Replies are kept whole, by document, for whoever asks again."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.still_kept import StillKept
from backend.datasets.synthetic.cache import ReplyCache, request_hash

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "§ 1 „Übermaß“"}], "temperature": 0}


def test_what_was_said_is_read_again_whatever_the_order_of_members(tmp_path: Path) -> None:
    ReplyCache(tmp_path / "replies").put("doc_1", BODY, "Ja.\u2028")
    turned = dict(reversed(BODY.items()))

    assert ReplyCache(tmp_path / "replies").get("doc_1", turned) == "Ja.\u2028"
    assert request_hash(BODY) == request_hash(turned)


@pytest.mark.parametrize("change", [{"model": "n"}, {"temperature": 1}, {"messages": []}])
def test_another_request_is_another_one(change: dict[str, Any], tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    cache.put("doc_1", BODY, "Ja.")

    assert cache.get("doc_1", {**BODY, **change}) is None
    assert cache.get("doc_2", BODY) is None


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    cache.put("doc_1", BODY, "Ja.")
    (file,) = (tmp_path / "doc_1").iterdir()
    for damaged in ("", '{"reply": 1}', "[]", "\x00" * 64):
        file.write_text(damaged, encoding="utf-8")
        assert cache.get("doc_1", BODY) is None
    cache.put("doc_1", BODY, "Doch.")

    assert cache.get("doc_1", BODY) == "Doch."


def test_replies_go_with_their_document(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    cache.keep_only(lambda ids: [])
    for number in range(3):
        cache.put(f"doc_{number}", BODY, "Ja.")
    cache.keep_only(lambda ids: ["doc_1", "doc_2"])
    cache.forget("doc_2")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["doc_1"]


def test_a_reply_that_cannot_be_removed_is_told_and_the_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ReplyCache(tmp_path)
    for number in range(3):
        cache.put("doc_1", {**BODY, "temperature": number}, "Ja.")
    stuck, unlink = sorted((tmp_path / "doc_1").iterdir())[1].name, os.unlink

    def refuse(path: Any, **options: Any) -> None:
        if Path(path).name == stuck:
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "unlink", refuse)
        with pytest.raises(StillKept, match="Permission denied"):
            cache.forget("doc_1")
        # a build goes on
        cache.keep_only(lambda ids: [])

    assert [path.name for path in (tmp_path / "doc_1").iterdir()] == [stuck]
    assert "replies.still_kept" in caplog.messages
    cache.forget("doc_1")
    cache.forget("doc_1")
    assert list(tmp_path.iterdir()) == []


def test_no_id_leads_out_of_the_folder(tmp_path: Path) -> None:
    for odd in ("../x", "", "a/b", "."):
        with pytest.raises(ValueError, match="no id of a document"):
            ReplyCache(tmp_path).get(odd, BODY)


def _write(folder: Path, number: int) -> None:
    cache = ReplyCache(folder)
    for round_ in range(20):
        cache.put("doc_1", BODY, f"{number}-{round_}-" + "x" * 5000)


def test_writers_at_the_same_time_leave_one_whole_reply(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path, number)) for number in range(2)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(30)

    assert [each.exitcode for each in writers] == [0, 0]
    assert (ReplyCache(tmp_path).get("doc_1", BODY) or "").endswith("-" + "x" * 5000)
    assert len(list((tmp_path / "doc_1").iterdir())) == 1
