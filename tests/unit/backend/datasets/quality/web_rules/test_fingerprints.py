"""Fingerprints tell sequences apart and can be cut out of a running sum."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.web_rules.fingerprints import fingerprints, shifts, unshifts

WORDS = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=30)


def _joined(words: list[str]) -> int:
    """The fingerprint of all words joined, from those of the words."""
    sizes = np.array(list(map(len, words)))
    return int((fingerprints(words) * shifts(np.cumsum(sizes) - sizes)).sum())


@given(WORDS)
def test_joined_words_have_the_fingerprint_of_the_join(words: list[str]) -> None:
    assert _joined(words) == int(fingerprints(["".join(words)])[0])


@given(st.lists(st.text(min_size=1, max_size=6), min_size=2, max_size=40, unique=True))
def test_different_texts_have_different_fingerprints(words: list[str]) -> None:
    assert len(np.unique(fingerprints(words))) == len(words)


def test_a_shift_is_undone() -> None:
    offsets = np.array([0, 1, 4_095, 4_096, 1_000_003])
    assert (shifts(offsets) * unshifts(offsets) == 1).all()


def test_lone_surrogates_have_one_too() -> None:
    assert len(fingerprints(["\ud800", "\udfff"])) == 2
