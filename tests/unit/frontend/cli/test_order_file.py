"""Files with members of an order."""

from pathlib import Path

import pytest

from frontend.cli.order_file import UnusableOrder, with_order

BODY = {"name": "permits", "search_query": {"query_text": "Bau", "top_k": 100}}


def test_without_a_file_the_request_stays_as_it_is() -> None:
    assert with_order(BODY, None) == BODY


def test_members_of_a_file_go_before_options(tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    order.write_bytes(b'\xef\xbb\xbf{"name": "fees", "search_query": {"top_k": 5}}')

    assert with_order(BODY, order) == {"name": "fees", "search_query": {"query_text": "Bau", "top_k": 5}}


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'"x"', b'{"search_query": 1}', b"\xff", b"[" * 100_000])
def test_a_file_that_holds_no_members_is_named(tmp_path: Path, content: bytes) -> None:
    order = tmp_path / "order.json"
    order.write_bytes(content)

    with pytest.raises(UnusableOrder, match=r"order\.json"):
        with_order(BODY, order)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableOrder, match="No such file"):
        with_order(BODY, tmp_path / "order.json")
