"""Which addresses are this machine."""

import pytest

from frontend.client.services import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.9.9", "::1"])
def test_this_machine_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost.evil.example",
        "localhost-evil.example",
        "127.0.0.1.nip.io",
        "127.evil.example",
        "::1.evil.example",
        "::10",
        "::1:2",
        "10.0.0.1",
        "0.0.0.0",
        "login.example",
        "",
    ],
)
def test_names_and_addresses_that_begin_like_it_are_others(host: str) -> None:
    assert not is_loopback(host)
