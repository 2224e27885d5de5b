"""What the head of a request says of its body."""

import pytest

from backend.common.body_kind import is_plainly_files, values_of


@pytest.mark.parametrize(
    "kind", [b"multipart/form-data", b"Multipart/Form-Data ; boundary=x", b"\tmultipart/form-data "]
)
def test_files_are_what_everybody_takes_for_files(kind: bytes) -> None:
    assert is_plainly_files([(b"host", b"x"), (b"content-type", kind)])


@pytest.mark.parametrize(
    "kinds",
    [
        [],
        [b""],
        [b"application/json"],
        [b"multipart/mixed"],
        [b"multipart/form-data\xa0"],
        [b"multipart/form-data\x0b"],
        [b"multipart/form-data, application/json"],
        [b"multipart/form-data", b"application/json"],
        [b"multipart/form-data", b"multipart/form-data"],
    ],
)
def test_what_somebody_could_take_for_something_else_is_no_files(kinds: list[bytes]) -> None:
    assert not is_plainly_files([(b"content-type", kind) for kind in kinds])


def test_every_value_of_a_header_is_seen() -> None:
    assert values_of([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")], b"a") == [b"1", b"3"]
