"""Who has to be compared with whom."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.duplicates.meeting import BUCKET_KEPT, MOST_COMPARED, KeptTexts, Meetings, shared


@given(st.lists(st.integers(0, 5), max_size=12))
def test_whoever_has_a_key_of_another_shares_a_bucket_with_exactly_these(keys: list[int]) -> None:
    found = shared(np.array(keys, dtype=np.uint64))

    buckets: dict[int, set[int]] = {}
    for text, bucket in zip(found.texts.tolist(), found.buckets.tolist(), strict=True):
        buckets.setdefault(bucket, set()).add(text)
    expected = {key: {n for n, each in enumerate(keys) if each == key} for key in keys if keys.count(key) > 1}
    assert sorted(map(sorted, buckets.values())) == sorted(map(sorted, expected.values()))
    assert sorted(buckets) == list(range(len(expected)))


def _kept(buckets: list[list[int]]) -> KeptTexts:
    texts = [number for number, own in enumerate(buckets) for _ in own]
    meetings = Meetings(np.array(texts, dtype=np.int64), np.array([b for own in buckets for b in own], dtype=np.int64))
    return KeptTexts(meetings, len(buckets))


def test_those_that_share_most_and_the_emptiest_buckets_are_compared_first_and_only_kept_ones_at_all() -> None:
    kept = _kept([[0], [0, 1], [0, 1, 2], [1, 2], [0, 1, 2]])
    for number in (0, 1, 3):
        kept.keep(number)

    assert kept.met(4) == [3, 1, 0]


def test_a_bucket_of_boilerplate_is_full_after_some_texts_and_only_few_of_them_are_compared() -> None:
    count = 3 * BUCKET_KEPT
    kept = _kept([[0] for _ in range(count)])
    for number in range(count - 1):
        kept.keep(number)

    assert kept.met(count - 1) == list(range(MOST_COMPARED))


def test_a_twin_is_compared_even_if_its_bucket_of_boilerplate_is_full() -> None:
    count = 3 * BUCKET_KEPT
    buckets = [[0] for _ in range(count)]
    buckets[-2] = buckets[-1] = [0, 1]
    kept = _kept(buckets)
    for number in range(count - 1):
        kept.keep(number)

    assert kept.met(count - 1)[0] == count - 2


def test_nobody_meets_anybody_without_buckets() -> None:
    kept = KeptTexts(Meetings(np.empty(0, np.int64), np.empty(0, np.int64)), 2)
    kept.keep(0)

    assert kept.met(1) == []
