"""Pieces of text are cut into the words and marks that DataTrove counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.web_rules.words.splitting import split_piece


@pytest.mark.parametrize(
    ("piece", "tokens"),
    [
        ("word", ["word"]),
        ("Straße,", ["Straße", ","]),
        ("don't,", ["do", "n't", ","]),
        ("(word).", ["(", "word", ")", "."]),
        ("((", ["(", "("]),
        ("well-known", ["well", "-", "known"]),
        ("-ing", ["-ing"]),
        ("http://a-b.org/c,d.", ["http://a-b.org/c,d", "."]),
        ("Dr.", ["Dr."]),
        ("(Dr.", ["(", "Dr."]),
        ("Dr.)", ["Dr.", ")"]),
        ("e.g.,", ["e.g.", ","]),
        ("5km.", ["5", "km", "."]),
        ("§35", ["§", "35"]),
        ("1,000.5", ["1,000.5"]),
        ("wait...what", ["wait", "...", "what"]),
        ("(8)", ["(", "8)"]),
        ("whod.", ["who", "d."]),
        ("::)-:", [":", ":", ")-:"]),
        (">:(:", [">:(", ":"]),
        ("8''", ["8", "''"]),
        ("😀😀", ["😀", "😀"]),
        ("日本", ["日本"]),
    ],
)
def test_tokens_of_a_piece(piece: str, tokens: list[str]) -> None:
    assert list(split_piece(piece)) == tokens


@given(st.text(min_size=1).map(lambda text: "".join(text.split())).filter(bool))
def test_tokens_joined_are_the_piece(piece: str) -> None:
    tokens = split_piece(piece)
    assert "".join(tokens) == piece
    assert all(tokens)


@given(st.text(alphabet="aB1.,:;-–'’()[]=8<>/+$€%…s", min_size=1, max_size=12))
def test_marks_in_any_order_are_cut_without_loss(piece: str) -> None:
    assert "".join(split_piece(piece)) == piece


@pytest.mark.parametrize("mark", ["(", ".", ":", "a-", "['", "日"])
def test_a_piece_of_fifty_thousand_marks_is_cut_in_time(mark: str) -> None:
    assert "".join(split_piece(mark * 50_000)) == mark * 50_000
