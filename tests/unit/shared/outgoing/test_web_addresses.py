import pytest

from shared.outgoing.web_addresses import is_encrypted, is_plain_text, is_web_address


@pytest.mark.parametrize(
    ("url", "is_address", "is_safe"),
    [
        ("https://login.example/realms/vcc", True, True),
        ("HTTPS://login.example", True, True),
        ("http://login.example", True, False),
        ("HTTP://login.example", True, False),
        ("hTTp://127.0.0.1:48080", True, False),
        ("login.example", False, False),
        ("", False, False),
        ("https:login.example", False, True),
        ("https://:8443", False, True),
        ("https://a:b@login.example", False, True),
        ("https://login.example?x=1", False, True),
        ("https://login.example#x", False, True),
        ("https://[login.example", False, False),
        ("https://login.example:99999", False, False),
        ("ftp://login.example", False, False),
    ],
)
def test_what_an_address_is(url: str, is_address: bool, is_safe: bool) -> None:
    assert (is_web_address(url), is_encrypted(url)) == (is_address, is_safe)


@pytest.mark.parametrize(
    ("url", "is_plain"),
    [
        ("http://ki.example/v1", True),
        ("HTTP://ki.example/v1", True),
        ("https://ki.example/v1", False),
        ("HTTPS://ki.example/v1", False),
        ("https://ki.example:99999", False),
        ("http://[ki.example", False),
        ("ki.example", False),
        ("", False),
    ],
)
def test_only_http_is_plain_text(url: str, is_plain: bool) -> None:
    assert is_plain_text(url) is is_plain
