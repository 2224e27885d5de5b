"""Finding equal keys."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.columns.groups import Groups, keys_within_texts

NUMBERS = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5))


@given(NUMBERS)
def test_keys_that_occur_again_are_found_with_their_groups(keys: list[int]) -> None:
    repeated = Groups(np.array(keys, np.uint64)).repeated
    again = sorted(key for key, count in Counter(keys).items() if count > 1)

    assert repeated.places.tolist() == [place for place, key in enumerate(keys) if key in again]
    assert repeated.groups.tolist() == [again.index(key) for key in keys if key in again]
    assert repeated.first.tolist() == [keys.index(key) for key in again]
    assert repeated.counts.tolist() == [keys.count(key) for key in again]
    assert repeated.later.tolist() == [place for place, key in enumerate(keys) if key in keys[:place]]


@given(NUMBERS)
def test_one_of_each_group_stands_for_it(keys: list[int]) -> None:
    assert [keys[place] for place in Groups(np.array(keys, np.uint64)).one_of_each] == sorted(set(keys))


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2**63).map(lambda n: n * 2**6 % 2**64))))
def test_what_is_equal_in_two_texts_is_not_equal(places: list[tuple[int, int]]) -> None:
    text, hashes = (np.array([place[at] for place in places], np.uint64) for at in (0, 1))
    keys = keys_within_texts(text.astype(np.int64), hashes, 41).tolist()

    assert [[one == other for other in keys] for one in keys] == [[one == other for other in places] for one in places]


def test_keys_are_in_the_order_of_the_texts() -> None:
    keys = keys_within_texts(np.array([0, 1, 2]), np.array([2**64 - 1, 5, 0], np.uint64), 3)

    assert keys.tolist() == sorted(keys.tolist())


def test_a_text_alone_keeps_the_whole_hash() -> None:
    assert keys_within_texts(np.zeros(2, np.int64), np.array([1, 2**64 - 1], np.uint64), 1).tolist() == [1, 2**64 - 1]
