"""Marks of layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.markup import without_markup


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("* * 1\n\n* Gebühr\n\n* 12,50", "1 Gebühr 12,50"),
        ("* * 1\n* **9.** x\n\n* * 2\n\n*\n* y\n\n(1) Wer", "1 9. x\n\n2  y\n\n(1) Wer"),
        ("* a\n* b\n\n* c", "a\nb\n\nc"),
        ("Ort . . . . . . . ---------- x", "Ort    x"),
        ("- a\n- b", "a\nb"),
        ("| Amt | Ort |", "Amt | Ort |"),
        ("*\n*\n* x", "\n\nx"),
        ("**Anlage 1** und __mehr__", "Anlage 1 und mehr"),
        ("vor ![bild.jpg](bild.jpg) nach", "vor   nach"),
        ("[^F804_02_B]: Fußnote", "  Fußnote"),
        ("nach 2\\.2.3.2", "nach 2.2.3.2"),
        ("Name ............. Ort ______", "Name   Ort  "),
        ("a * b, § 3 - 4, [1], (2)", "a * b, § 3 - 4, [1], (2)"),
        ("und so weiter ... dann", "und so weiter ... dann"),
    ],
)
def test_marks_go_and_text_stays(text: str, left: str) -> None:
    assert without_markup(text) == left


@given(st.text(alphabet="abcä §0123 .,\n"))
def test_a_text_without_marks_stays_as_it_is(text: str) -> None:
    plain = text.replace("....", "")

    assert without_markup(plain) == plain
