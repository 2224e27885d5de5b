"""Providers that nobody should talk to, and answers that are none."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from frontend.client.login.provider import LoginRefused, Provider, ProviderUnreachable, UnsafeProvider
from frontend.client.login.tokens import Tokens
from tests.support.issuer import key_server


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example/realms/vcc",
        "http://localhost.evil.example/",
        "http://127.0.0.1.nip.io:8080/",
        "ftp://login.example",
        "login.example",
        "",
    ],
)
def test_passwords_never_travel_in_the_clear(issuer: str) -> None:
    with pytest.raises(UnsafeProvider, match="CLARA_KEYCLOAK_URL"):
        Provider(issuer, "clara-cli")


def discovery(issuer: str, **changes: Any) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/auth",
        "token_endpoint": f"{issuer}/token",
        **changes,
    }


@pytest.mark.parametrize(
    ("document", "error", "match"),
    [
        (lambda _: b"<html>", ProviderUnreachable, "without JSON"),
        (lambda _: [], ProviderUnreachable, "no JSON object"),
        (lambda _: discovery("https://evil.example"), ProviderUnreachable, "calls itself https://evil"),
        (lambda issuer: discovery(issuer, token_endpoint="http://evil.example/"), UnsafeProvider, "evil"),
        (lambda issuer: discovery(issuer, token_endpoint=None), ProviderUnreachable, "token_endpoint"),
    ],
)
def test_a_realm_that_answers_strangely_is_not_used(
    document: Callable[[str], Any], error: type[Exception], match: str
) -> None:
    with key_server({}) as server:
        issuer = server.url.removesuffix("/certs")
        server.document = document(issuer)
        with Provider(issuer, "clara-cli") as provider, pytest.raises(error, match=match):
            _ = provider.endpoints


def test_nobody_at_the_address_is_named() -> None:
    with Provider("http://127.0.0.1:1/realms/vcc", "clara-cli") as provider, pytest.raises(ProviderUnreachable):
        _ = provider.endpoints


def test_without_a_refresh_token_nothing_is_renewed() -> None:
    with Provider("http://127.0.0.1:1/realms/vcc", "clara-cli") as provider, pytest.raises(LoginRefused):
        provider.refreshed(Tokens("x", "a.b.c", 0.0))


@pytest.mark.parametrize("access", ["", "a.b", "a.!.c", "a.W10.c", json.dumps({"a": 1})])
def test_a_token_that_cannot_be_read_has_no_claims(access: str) -> None:
    assert Tokens("x", access, 0.0).claims == {}
