import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.audit import anchors as anchors_module
from shared.database.audit.anchors import Anchor, AnchorFile, AnchorsUnreadable, anchor_from, anchor_of
from shared.database.audit.signing_key import SigningKey, public_key
from shared.models.audit_chain import AuditHead

HEAD = AuditHead(7, "ab" * 32)
WHEN = "2026-11-20T08:00:00.000000Z"


def an_anchor(folder: Path, seq: int = 7) -> Anchor:
    return anchor_of(replace(HEAD, seq=seq), SigningKey(folder), made_at=WHEN)


def test_an_anchor_is_signed_by_the_key_of_the_installation_and_no_other(tmp_path: Path) -> None:
    anchor = an_anchor(tmp_path)

    assert anchor.is_signed_by(public_key(tmp_path))
    for forged in (
        replace(anchor, seq=8),
        replace(anchor, hash="cd" * 32),
        replace(anchor, made_at="2026-11-20T08:00:01.000000Z"),
        replace(anchor, signature="00" * 64),
        replace(anchor, signature="no hex"),
        replace(anchor, key_id="0" * 16),
    ):
        assert not forged.is_signed_by(public_key(tmp_path))
    an_anchor(tmp_path / "other")
    assert not anchor.is_signed_by(public_key(tmp_path / "other"))


def test_anchors_are_read_as_they_were_appended(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "audit" / "anchors.jsonl")
    assert (file.read(), file.last()) == ([], None)
    anchors = [an_anchor(tmp_path, seq) for seq in (1, 2, 3)]
    for anchor in anchors:
        file.append(anchor)

    assert file.read() == anchors
    assert file.last() == anchors[-1]
    assert file.path.stat().st_mode & 0o077 == 0


def test_a_line_that_a_crash_cut_off_is_as_if_it_never_was(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "anchors.jsonl")
    file.append(an_anchor(tmp_path, 1))
    with file.path.open("ab") as stream:
        stream.write(b'{"seq": 2, "ha')

    assert [anchor and anchor.seq for anchor in file.read()] == [1]
    file.append(an_anchor(tmp_path, 3))
    assert [anchor and anchor.seq for anchor in file.read()] == [1, 3]


def test_services_that_find_the_same_torn_line_take_no_anchor_from_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, other = AnchorFile(tmp_path / "anchors.jsonl"), AnchorFile(tmp_path / "anchors.jsonl")
    anchors = {seq: an_anchor(tmp_path, seq) for seq in (1, 3, 4)}
    file.append(anchors[1])
    with file.path.open("ab") as stream:
        stream.write(b'{"seq": 2, "ha')
    look, turns = anchors_module._torn_at, iter([other])

    def another_comes_in_between(descriptor: int) -> int | None:
        found = look(descriptor)
        for service in turns:
            service.append(anchors[3])
        return found

    monkeypatch.setattr(anchors_module, "_torn_at", another_comes_in_between)
    file.append(anchors[4])

    assert [anchor and anchor.seq for anchor in file.read()] == [1, 3, 4]


def test_a_line_that_is_no_anchor_is_told(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "anchors.jsonl")
    file.path.write_text("garbage\n\n[]\n")
    file.append(an_anchor(tmp_path))

    assert [anchor is None for anchor in file.read()] == [True, True, True, False]


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path)
    with pytest.raises(AnchorsUnreadable, match="cannot be read"):
        file.read()
    with pytest.raises(AnchorsUnreadable, match="cannot be written"):
        file.append(an_anchor(tmp_path / "key"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["seq", "hash", "key_id", "x"]), inner),
        max_leaves=8,
    )
)
def test_no_json_breaks_the_reading_of_an_anchor(values: Any) -> None:
    assert anchor_from(values) is None


def test_json_of_an_anchor_is_an_anchor(tmp_path: Path) -> None:
    anchor = an_anchor(tmp_path)
    values = {name: getattr(anchor, name) for name in Anchor.__slots__}
    assert anchor_from(json.loads(json.dumps(values))) == anchor
    assert anchor_from({**values, "seq": True}) is None
    assert anchor_from({**values, "hash": 5}) is None
