import pytest

from backend.common.request_id import accepted_or_new


@pytest.mark.parametrize("sent", ["a", "0b7c-44.x_1", "x" * 128])
def test_harmless_ids_of_the_sender_are_kept(sent: str) -> None:
    assert accepted_or_new(sent) == sent


@pytest.mark.parametrize("sent", [None, "", "x" * 129, "a b", "a\n", 'a"b', "ä", "a/../b", "{}"])
def test_all_others_are_replaced(sent: str | None) -> None:
    assert accepted_or_new(sent).startswith("req_")
