import pytest

from shared.auth.models import DEBUG_USER
from shared.auth.rate import TooManyCalls, count_call
from shared.utils.token_buckets import TokenBuckets


def test_a_user_who_calls_too_often_is_told_when_to_come_back() -> None:
    buckets = TokenBuckets(0.5, 1, monotonic=lambda: 0.0)
    count_call(buckets, DEBUG_USER)

    with pytest.raises(TooManyCalls, match="try again in 2 s") as refused:
        count_call(buckets, DEBUG_USER)

    assert refused.value.context["retry_after_s"] == 2
