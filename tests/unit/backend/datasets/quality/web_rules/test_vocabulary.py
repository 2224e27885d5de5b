"""Words are numbered once, with what the rules ask about them."""

import numpy as np

from backend.datasets.quality.web_rules.fingerprints import fingerprints
from backend.datasets.quality.web_rules.vocabulary import Vocabulary


def test_pieces_become_rows_of_token_numbers() -> None:
    ids, sizes = Vocabulary().tokens(["the", "the,", "don't"], 3)
    assert ids.tolist() == [0, 0, 1, 2, 3]
    assert sizes.tolist() == [1, 2, 2]


def test_what_is_known_about_a_token() -> None:
    vocabulary = Vocabulary()
    vocabulary.tokens(["the", "§5,", "42"], 3)
    assert vocabulary.sizes.tolist() == [3, 1, 1, 1, 2]
    assert vocabulary.is_word.tolist() == [True, True, True, False, True]
    assert vocabulary.has_letter.tolist() == [True, False, False, False, False]
    assert (vocabulary.stop_numbers > 0).tolist() == [True, False, False, False, False]


def test_numbers_stay_while_words_are_added() -> None:
    vocabulary = Vocabulary()
    vocabulary.tokens(["one", "two"], 2)
    before = vocabulary.fingerprints
    assert vocabulary.tokens(["three", "one"], 2)[0].tolist() == [2, 0]
    assert np.array_equal(vocabulary.fingerprints[:2], before)
    assert np.array_equal(vocabulary.fingerprints, fingerprints(["one", "two", "three"]))
    assert vocabulary.piece_count == 3


def test_no_pieces_are_no_tokens() -> None:
    ids, sizes = Vocabulary().tokens([], 0)
    assert len(ids) == len(sizes) == 0
