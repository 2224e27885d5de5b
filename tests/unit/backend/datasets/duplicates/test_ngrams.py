"""N-grams stay inside their texts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.duplicates.ngrams import ngrams_of

TEXTS = st.lists(st.lists(st.integers(1, 4), max_size=9), max_size=6)


@given(TEXTS, st.integers(1, 6))
def test_every_run_of_words_inside_one_text_is_an_ngram_and_nothing_else_is(texts: list[list[int]], size: int) -> None:
    counts = np.array([len(text) for text in texts], dtype=np.int64)
    words = np.array([word for text in texts for word in text], dtype=np.uint64)
    expected = [tuple(text[n : n + size]) for text in texts for n in range(len(text) - size + 1)]

    hashes, found = ngrams_of(words, counts, size)

    assert found.tolist() == [max(0, len(text) - size + 1) for text in texts]
    assert len(hashes) == len(expected)
    assert len(set(zip(expected, hashes.tolist(), strict=True))) == len(set(expected)) == len(set(hashes.tolist()))


def test_the_order_of_words_counts() -> None:
    words = np.array([1, 2, 3, 2, 1], dtype=np.uint64)

    hashes, _ = ngrams_of(words, np.array([5]), 2)

    assert len(set(hashes.tolist())) == 4
