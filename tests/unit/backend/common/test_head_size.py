from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.common.head_size import HeadSize

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nX-Long: yyyy\r\n\r\n"


@given(cuts=st.lists(st.integers(1, len(HEAD) - 1), unique=True), body=st.binary(max_size=80))
def test_a_head_has_its_size_however_it_comes(cuts: list[int], body: bytes) -> None:
    whole = HEAD + body
    edges = [0, *sorted(cuts), len(whole)]
    size = HeadSize()

    told = [size.take(whole[start:end]) for start, end in pairwise(edges)]

    assert told == [*sorted(cuts), len(HEAD)]


@pytest.mark.parametrize("blank", [b"\r\n", b"\r\n\r\n", b"\n\n\n"])
def test_blank_lines_before_a_request_end_no_head(blank: bytes) -> None:
    size = HeadSize()

    assert size.take(blank) == 0
    assert size.take(blank + HEAD + b"body") == len(HEAD)


def test_lines_may_end_with_a_line_feed_alone() -> None:
    assert HeadSize().take(b"GET / HTTP/1.1\nHost: x\n\nbody") == 24


def test_the_next_head_is_counted_from_its_beginning() -> None:
    size = HeadSize()
    size.take(HEAD)
    size.reset()

    assert size.take(HEAD[:10]) == 10
