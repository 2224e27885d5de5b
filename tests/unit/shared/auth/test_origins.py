import re

import pytest

from shared.auth.origins import origin_fault


@pytest.mark.parametrize(
    "origin",
    [
        "https://clara.stadt.example",
        "https://clara.stadt.example:8443",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "https://xn--bcher-kva.example",
        "https://[2001:db8::1]:8443",
        "https://10.1.2.3",
    ],
)
def test_what_a_browser_sends_is_fine(origin: str) -> None:
    assert origin_fault(origin) == ""


@pytest.mark.parametrize(
    ("origin", "sent"),
    [
        ("https://A.Example", "https://a.example"),
        ("HTTPS://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example/clara", "https://a.example"),
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:", "https://a.example"),
        ("https://a.example:08443", "https://a.example:8443"),
        ("http://a.example:80", "http://a.example"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
    ],
)
def test_the_form_that_a_browser_sends_is_told(origin: str, sent: str) -> None:
    fault = origin_fault(origin)

    assert f"'{origin}'" in fault
    assert fault.endswith(f"write {sent}")
    assert origin_fault(sent) == ""


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ("*", r"'\*' lets every web page"),
        ("https://*.example", r"'\*' lets every web page"),
        ("https://a.example:99999", "port"),
        ("https://a.example:web", "port"),
        ("null", "is no origin"),
        ("a.example", "is no origin"),
        ("ftp://a.example", "is no origin"),
        ("https://", "is no origin"),
        ("https://:8443", "is no origin"),
        ("https://a b.example", "is no origin"),
        ("https://[a.example", "is no origin"),
        ("https://bücher.example", "xn--"),
    ],
)
def test_what_no_browser_sends_is_refused_with_the_reason(origin: str, reason: str) -> None:
    assert re.search(reason, origin_fault(origin))


def test_a_login_is_not_repeated() -> None:
    fault = origin_fault("https://kim:geheim@a.example")

    assert "login" in fault
    assert "geheim" not in fault
