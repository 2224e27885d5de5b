"""Texts of a batch are one row of tokens."""

import numpy as np

from backend.datasets.quality.web_rules.batch import batch_of
from backend.datasets.quality.web_rules.vocabulary import Vocabulary

TEXTS = ["one two, three", "", "four\n\nfive "]


def test_tokens_are_counted_per_text() -> None:
    batch = batch_of(TEXTS, Vocabulary())
    assert batch.counts.tolist() == [4, 0, 2]
    assert batch.starts.tolist() == [0, 4, 4]
    assert batch.texts.tolist() == [0, 0, 0, 0, 2, 2]
    assert batch.text_sizes.tolist() == [14, 0, 11]


def test_values_are_summed_per_text() -> None:
    batch = batch_of(TEXTS, Vocabulary())
    assert batch.sums(batch.vocabulary.sizes[batch.ids]).tolist() == [12, 0, 8]


def test_unwanted_texts_are_left_out() -> None:
    batch = batch_of(TEXTS, Vocabulary())
    wanted = batch.only(np.array([False, True, True]))
    assert wanted.counts.tolist() == [0, 2]
    assert wanted.ids.tolist() == batch.ids[4:].tolist()
    assert len(batch.only(np.zeros(3, bool)).ids) == 0
