"""Keys in a file: whatever was put in comes back, and equal keys come back together."""

import io
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.duplicates import key_spool
from backend.datasets.duplicates.key_spool import KeySpool

KEYS = st.lists(st.integers(0, (1 << 64) - 1) | st.sampled_from([0, 1, 1 << 56, (1 << 64) - 1]), max_size=40)


@given(st.lists(KEYS, max_size=5))
def test_all_keys_come_back_with_their_texts_and_none_in_two_parts(batches: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_spool, "_BLOCK", 16)
        spool = KeySpool(io.BytesIO())
        put: Counter[tuple[int, int]] = Counter()
        for number, batch in enumerate(batches):
            spool.append(np.array(batch, dtype=np.uint64), np.full(len(batch), number, dtype=np.uint32))
            put.update((key, number) for key in batch)

        parts = [(keys.tolist(), texts.tolist()) for keys, texts in spool.parts()]

    assert Counter(pair for keys, texts in parts for pair in zip(keys, texts, strict=True)) == put
    places = [{part for part, (keys, _) in enumerate(parts) if key in keys} for key in {key for key, _ in put}]
    assert all(len(found) == 1 for found in places)


def test_what_is_put_in_after_reading_comes_back_too() -> None:
    spool = KeySpool(io.BytesIO())
    numbers = np.arange(3, dtype=np.uint32)
    spool.append(numbers.astype(np.uint64), numbers)
    assert sum(len(keys) for keys, _ in spool.parts()) == 3

    spool.append(numbers.astype(np.uint64), numbers)

    assert sum(len(keys) for keys, _ in spool.parts()) == 6


def test_closing_closes_the_file() -> None:
    file = io.BytesIO()
    KeySpool(file).close()

    assert file.closed
