"""Hashes of pieces of a text."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns.characters import Characters
from backend.datasets.quality.columns.hashing import span_hashes


def hashes_of(pieces: list[str]) -> list[int]:
    characters = Characters(pieces)
    return span_hashes(characters.codes, characters.edges[:-1], characters.edges[1:] - 1).tolist()


@given(st.lists(st.text(st.characters(exclude_characters="İΣ")), max_size=20))
def test_hashes_are_equal_where_the_lower_cased_pieces_are(pieces: list[str]) -> None:
    lowered = [piece.lower() for piece in pieces]

    assert [[one == other for other in lowered] for one in lowered] == [
        [one == other for other in hashes_of(pieces)] for one in hashes_of(pieces)
    ]


@pytest.mark.parametrize("before", [0, 65_530, 65_534, 65_535, 65_536, 131_069, 1_000_003])
def test_a_piece_has_the_same_hash_wherever_it_stands(before: int) -> None:
    alone, moved = hashes_of(["Gebühr"]), hashes_of(["x" * before, "GEBÜHR"])

    assert moved[-1] == alone[0]


def test_a_piece_may_be_longer_than_what_is_summed_at_once() -> None:
    long = "ab" * 100_000
    one, same, other = hashes_of([long, long, f"{long[:-1]}c"])

    assert one == same != other


def test_words_that_look_alike_have_different_hashes() -> None:
    alike = ["".join(letters) for letters in permutations("abcdefgh")]
    alike += [f"{number:b}" for number in range(20_000)] + ["a" * length for length in range(1, 3_000)]
    hashes = np.array(hashes_of(alike), np.uint64)

    assert len(np.unique(hashes)) == len(set(alike))
    # what is left of it beside the number of a text tells them apart as well
    assert len(np.unique(hashes >> np.uint64(11))) == len(set(alike))
