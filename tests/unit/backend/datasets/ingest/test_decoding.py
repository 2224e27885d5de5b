"""From bytes to text."""

import math
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.ingest.decoding import UndecodableBytes, decode, json_safe, storable


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs")), min_size=1))
def test_utf_8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@pytest.mark.parametrize("raw", [b"a\x00b", b"\x81\x8d", b"\xff\xfea", "\ud800x".encode("utf-16", "surrogatepass")])
def test_bytes_that_are_no_text_are_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(UndecodableBytes) as refused:
        decode(raw)

    assert str(refused.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_storable_text_or_refused(raw: bytes) -> None:
    try:
        text = decode(raw)
    except UndecodableBytes:
        return
    assert storable(text) == text
    assert "\r" not in text


@given(st.text(alphabet=st.characters(), max_size=20))
def test_storable_text_keeps_its_length(text: str) -> None:
    clean = storable(text)

    assert len(clean) == len(text)
    assert "\x00" not in clean.encode().decode()


def test_json_safe_leaves_nothing_that_json_cannot_say() -> None:
    value = {1: [date(2024, 1, 2), math.nan, (None, True)], "x": {"\x00": b"roh"}}

    assert json_safe(value) == {"1": ["2024-01-02", None, [None, True]], "x": {"\ufffd": "b'roh'"}}
