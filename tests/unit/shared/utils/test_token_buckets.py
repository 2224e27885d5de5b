import math

from hypothesis import given
from hypothesis import strategies as st

from shared.utils.token_buckets import TokenBuckets


def test_a_burst_is_granted_and_then_the_rate() -> None:
    now = [0.0]
    buckets = TokenBuckets(2.0, 4, monotonic=lambda: now[0])

    assert [buckets.wait_s("a") for _ in range(5)] == [0, 0, 0, 0, 1]
    now[0] = 0.5
    assert [buckets.wait_s("a") for _ in range(2)] == [0, 1]


def test_keys_do_not_pay_for_each_other() -> None:
    buckets = TokenBuckets(1.0, 1, monotonic=lambda: 0.0)

    assert [buckets.wait_s(key) for key in "aabb"] == [0, 1, 0, 1]


def test_without_a_rate_there_is_no_limit() -> None:
    buckets = TokenBuckets(0.0, 1)

    assert not any(buckets.wait_s("a") for _ in range(1000))


def test_it_remembers_no_more_keys_than_it_may() -> None:
    buckets = TokenBuckets(1.0, 1, max_keys=10, monotonic=lambda: 0.0)
    for number in range(1000):
        buckets.wait_s(number)

    assert len(buckets._buckets) == 10


@given(st.floats(0.1, 100), st.integers(1, 50), st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_the_burst_and_what_came_in_since(rate: float, burst: int, pauses: list[float]) -> None:
    now = [0.0]
    buckets = TokenBuckets(rate, burst, monotonic=lambda: now[0])
    granted = 0
    for pause in pauses:
        now[0] += pause
        granted += buckets.wait_s("a") == 0

    assert granted <= math.floor(burst + rate * now[0] + 1e-6)
