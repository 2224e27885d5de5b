"""Web addresses are told from words with dots."""

import pytest

from backend.datasets.quality.web_rules.words.addresses import is_address


@pytest.mark.parametrize(
    "text",
    [
        "www.example.org",
        "http://example.org/a-b?c=d",
        "ftp://user:word@example.org:21/",
        "anna@amt.example",
        "8.8.8.8/a-b",
        "http://8.8.8.8:80",
        "example.org#part",
        "bücher.example",
        "a@b@example.org",
    ],
)
def test_these_are_addresses(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "word",
        "end.Next",
        "1.000",
        "10.0.0.1/a",
        "127.0.0.1/a",
        "192.168.0.1/a",
        "172.16.0.1/a",
        "256.1.1.1/a",
        "a..org",
        "-a.org",
        "example.org:1",
        "@example",
        "example.o",
        "",
    ],
)
def test_these_are_none(text: str) -> None:
    assert not is_address(text)


def test_many_at_signs_take_no_time() -> None:
    assert not is_address("a.b@" * 20_000)
