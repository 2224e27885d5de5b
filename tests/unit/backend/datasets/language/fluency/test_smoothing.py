import numpy as np
import pytest

from backend.datasets.language.fluency.counting import WordCounts
from backend.datasets.language.fluency.smoothing import smoothed
from backend.datasets.language.fluency.words import FIRST_WORD


def test_probabilities_after_every_word_sum_to_one() -> None:
    counts = WordCounts()
    for text in ("ein zwei drei", "ein zwei vier", "ein zwei drei", "zwei drei 5 drei", "sechs ein"):
        counts.add(text)
    counted = counts.counted(min_count=1)
    model = smoothed(counted)
    size = FIRST_WORD + len(counted.words)
    alone = 2.0 ** model.alone.astype(np.float64)
    assert alone.sum() == pytest.approx(1, abs=1e-6)
    after = 2.0 ** model.free.astype(np.float64)[:, None] * alone
    for key, value in zip(model.keys.tolist(), model.together.tolist(), strict=True):
        after[key >> 32, key & 0xFFFFFFFF] = 2.0**value
    assert after.shape == (size, size)
    assert after.sum(axis=1) == pytest.approx(np.ones(size), abs=5e-3)


def test_a_pair_seen_once_has_what_words_have_by_themselves() -> None:
    counts = WordCounts()
    counts.add("ein zwei ein zwei drei")
    kept = {(key >> 32, key & 0xFFFFFFFF) for key in smoothed(counts.counted(min_count=1)).keys.tolist()}
    assert kept == {(FIRST_WORD, FIRST_WORD + 1)}
