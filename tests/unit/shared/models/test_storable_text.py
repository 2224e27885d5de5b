import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.models.storable_text import is_storable, storable

texts = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "ä\udfff", "\udc00\ud800"])
def test_nul_and_halves_of_characters_cannot_be_stored(text: str) -> None:
    assert not is_storable(text)


@pytest.mark.parametrize("text", ["", "abc", "Gebühr", "\U0001f600", "\\u0000", "\x01\x7f"])
def test_everything_else_can_and_stays_as_it_is(text: str) -> None:
    assert is_storable(text)
    assert storable(text) == text


def test_what_cannot_be_stored_is_written_out_wherever_it_stands() -> None:
    content: Any = {"a\x00": ["x\ud83d", {"b": "\udfff"}], "n": [1, 1.5, True, None, float("nan"), float("inf")]}

    assert storable(content) == {
        "a\\u0000": ["x\\ud83d", {"b": "\\udfff"}],
        "n": [1, 1.5, True, None, None, None],
    }


@given(texts)
def test_a_text_can_be_stored_if_utf8_can_write_it_and_it_holds_no_nul(text: str) -> None:
    is_utf8 = text == text.encode("utf-8", "ignore").decode("utf-8")

    assert is_storable(text) == (is_utf8 and "\x00" not in text)
    assert is_storable(storable(text))
    assert json.loads(json.dumps(storable(text), ensure_ascii=False).encode("utf-8")) == storable(text)
