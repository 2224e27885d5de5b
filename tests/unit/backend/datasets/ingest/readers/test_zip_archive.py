"""Zip files, and those that attack."""

import io
import zipfile

import pytest

from backend.datasets.ingest.base import ReadContext, ReadLimits, UnreadableFile
from backend.datasets.ingest.readers.zip_archive import ZipArchive
from backend.datasets.ingest.registry import installed_formats
from tests.support.files import a_zip, a_zip_bomb


def unpack(raw: bytes, **limits: float) -> tuple[dict[str, bytes], dict[str, str]]:
    """Members and refused members of a zip."""
    refused: dict[str, str] = {}
    ctx = ReadContext("upload.zip", ReadLimits(**limits), refused.__setitem__)  # type: ignore[arg-type]  # some are float
    members = {member.name: member.stream.read() for member in ZipArchive().members(io.BytesIO(raw), ctx)}
    return members, refused


def test_members_come_in_the_order_of_their_names() -> None:
    members, refused = unpack(a_zip({"b/zwei.md": b"2", "a.md": b"1", "leer/": b""}))

    assert list(members.items()) == [("a.md", b"1"), ("b/zwei.md", b"2")]
    assert refused == {}


def test_it_is_found_by_its_suffix() -> None:
    assert isinstance(installed_formats().archive("Ordner/X.ZIP"), ZipArchive)


@pytest.mark.parametrize("name", ["../böse.md", "/etc/passwd.md", "a/../../b.md", "C:/x.md", "a\\..\\b.md"])
def test_names_that_lead_out_are_refused(name: str) -> None:
    members, refused = unpack(a_zip({name: b"x", "gut.md": b"y"}))

    assert list(members) == ["gut.md"]
    assert list(refused.values()) == ["its name leads out of the archive"]


def test_an_archive_inside_is_refused() -> None:
    members, refused = unpack(a_zip({"innen.zip": a_zip({"x.md": b"x"})}))

    assert (members, list(refused)) == ({}, ["innen.zip"])


def test_a_link_is_refused() -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as container:
        container.writestr(link, "/etc/passwd")

    assert unpack(raw.getvalue()) == ({}, {"link.md": "it is a link"})


def test_an_encrypted_member_is_refused() -> None:
    raw = bytearray(a_zip({"geheim.md": b"x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1

    assert unpack(bytes(raw)) == ({}, {"geheim.md": "it is protected by a password"})


def test_a_bomb_is_refused() -> None:
    with pytest.raises(UnreadableFile, match="zip bomb"):
        unpack(a_zip_bomb())


def test_too_many_members_and_too_many_bytes_are_refused() -> None:
    raw = a_zip({f"{number}.md": b"x" * 100 for number in range(5)})

    with pytest.raises(UnreadableFile, match="members"):
        unpack(raw, max_members=4)
    with pytest.raises(UnreadableFile, match="bytes"):
        unpack(raw, max_unpacked_bytes=499)


def test_a_member_that_lies_about_its_size_is_refused_alone() -> None:
    raw = bytearray(a_zip({"luegt.md": b"x" * 5000, "zweite.md": b"y"}))
    directory = raw.index(b"PK\x01\x02")
    raw[directory + 24 : directory + 28] = (10).to_bytes(4, "little")

    members, refused = unpack(bytes(raw))

    assert (list(members), list(refused)) == (["zweite.md"], ["luegt.md"])


def test_one_damaged_member_does_not_stop_the_others() -> None:
    raw = a_zip({"a.md": b"Inhalt " * 50, "b.md": b"gut"})
    start = raw.index(b"a.md") + 6
    damaged = raw[:start] + b"\xff" * 10 + raw[start + 10 :]

    members, refused = unpack(damaged)

    assert (list(members), list(refused)) == (["b.md"], ["a.md"])


@pytest.mark.parametrize("raw", [b"", b"kein zip", a_zip({"a.md": b"x"})[:-10]])
def test_what_is_no_zip_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableFile):
        unpack(raw)
