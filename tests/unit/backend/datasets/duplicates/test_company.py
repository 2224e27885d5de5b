"""Groups of texts: whoever shares a key with somebody is in the same group, whoever does not is in none."""

import io
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.duplicates import company
from backend.datasets.duplicates.company import groups_of
from backend.datasets.duplicates.key_spool import KeySpool
from backend.datasets.duplicates.words import random_numbers


def _groups(keys_of_texts: Sequence[Sequence[int]], *, at_most: int = 3) -> list[list[int]]:
    spool = KeySpool(io.BytesIO())
    # keys are hashes: they fall into all parts
    hashes = random_numbers(50, stream=7)
    for number, keys in enumerate(keys_of_texts):
        spool.append(hashes[np.array(keys, dtype=np.int64)], np.full(len(keys), number, dtype=np.uint32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(company, "GROUP_TEXTS", at_most)
        return [group.tolist() for group in groups_of(spool, len(keys_of_texts))]


def _hanging_together(keys_of_texts: Sequence[Sequence[int]]) -> list[set[int]]:
    """The same by joining sets."""
    found: list[tuple[set[int], set[int]]] = []
    for number, keys in enumerate(keys_of_texts):
        joined = [each for each in found if each[1] & set(keys)]
        found = [each for each in found if not each[1] & set(keys)]
        texts, all_keys = {number}, set(keys)
        for other_texts, other_keys in joined:
            texts |= other_texts
            all_keys |= other_keys
        found.append((texts, all_keys))
    return [texts for texts, _ in found if len(texts) > 1]


@given(st.lists(st.lists(st.integers(0, 49), max_size=3, unique=True), max_size=60), st.integers(1, 8))
def test_nobody_is_parted_from_whom_he_hangs_together_with(keys: list[list[int]], at_most: int) -> None:
    expected = _hanging_together(keys)

    groups = _groups(keys, at_most=at_most)

    assert sorted(text for group in groups for text in group) == sorted(text for each in expected for text in each)
    for group in groups:
        inside = [each for each in expected if each & set(group)]
        assert sum(map(len, inside)) == len(group) == len(set(group))
        assert group == sorted(group)
        # larger than wanted only where nothing could be cut
        assert len(group) <= at_most or len(inside) == 1


def test_a_chain_of_texts_hangs_together_from_end_to_end() -> None:
    chain = [[number, number + 1] for number in range(49)]

    assert _groups(chain) == [list(range(49))]


def test_groups_are_as_few_as_their_size_allows() -> None:
    pairs = [[number // 2] for number in range(12)]

    assert [len(group) for group in _groups(pairs, at_most=4)] == [4, 4, 4]
    assert [len(group) for group in _groups(pairs, at_most=5)] == [4, 4, 4]


def test_nobody_hangs_together_without_common_keys() -> None:
    assert _groups([]) == []
    assert _groups([[1], [2], []]) == []
