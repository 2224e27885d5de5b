"""Texts in batches."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.batches import MAX_CHARACTERS, MAX_TEXTS, batched


@given(st.lists(st.integers(0, MAX_CHARACTERS)), st.integers(1, 4))
def test_batches_are_bounded_and_leave_nothing_out(sizes: list[int], most: int) -> None:
    batches = list(batched(sizes, size_of=int, max_items=most))

    assert [size for batch in batches for size in batch] == sizes
    assert all(0 < len(batch) <= most for batch in batches)
    assert all(sum(batch[:-1]) < MAX_CHARACTERS for batch in batches)


def test_a_batch_is_given_before_the_next_one_is_drawn() -> None:
    drawn: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10 * MAX_TEXTS):
            drawn.append(number)
            yield number

    assert len(next(batched(numbers(), size_of=lambda _: 1))) == len(drawn) == MAX_TEXTS
