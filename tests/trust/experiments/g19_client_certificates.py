"""Only clients with a good certificate get through the TLS handshake, and a bound token only with its certificate.

One real service, with mTLS and tokens of its test issuer. Callers without a certificate, with a self-signed one, an
expired one, one of another authority, one for another purpose and a revoked one try in TLS 1.2 and 1.3; what they send
must reach no application. Certificates are revoked while it serves. Tokens that are bound to a certificate come with
the right one, another one, and bound in ways that nobody knows, in requests and in the handshakes of WebSockets.
"""

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.certificates import Authority, Certificate, foreign, self_signed
from tests.support.installation import Installation, installation
from tests.support.socket_callers import accepted
from tests.support.tls_callers import ANSWERED, client_context, outcome
from tests.trust.place import Place

_VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
_IN_FORCE_S = 1.0
_ROUTE, _SOCKET = "/api/datasets", "/api/datasets/ws"


def run(place: Place) -> Mapping[str, Any]:
    """Handshakes, revocation while serving, bound tokens."""
    rounds = place.scaled(full=50, fast=1)
    authority = Authority(place.folder)
    server, good, other, stolen = (authority.issue(name) for name in ("127.0.0.1", "anna", "bert", "stolen"))
    authority.real.revoke("stolen")
    bad = {
        "none": None,
        "self_signed": self_signed(place.folder),
        "expired": authority.expired(place.folder),
        "wrong_authority": foreign(place.folder),
        "wrong_purpose": server,
        "revoked": stolen,
    }
    with _service(place.folder / "home", authority, server, good) as (it, client):
        port = it.ports["datasets"]
        before = _requests(client)
        outcomes = {
            name: {_outcome(port, authority, certificate, version) for version in _VERSIONS for _ in range(rounds)}
            for name, certificate in bad.items()
        }
        reached = _requests(client) - before
        welcome = [_outcome(port, authority, good, version) for version in _VERSIONS for _ in range(rounds)]
        revoked_after_s = [_seconds_until_refused(it, authority, f"leaver-{number}") for number in range(rounds)]
        tokens = _bound_tokens(it, authority)
        bound = {name: _status(client, token) for name, token in tokens.items()}
        sockets = _opened_sockets(it, authority, good, tokens)
        lent = _opened_sockets(it, authority, other, tokens)
    refused = [name for name, found in outcomes.items() if ANSWERED not in found]
    return {
        "holds": len(refused) == len(bad)
        and set(welcome) == {ANSWERED}
        and reached == 0
        and max(revoked_after_s) <= _IN_FORCE_S
        and bound == _EXPECTED
        and sockets == {name: status == httpx.codes.OK for name, status in _EXPECTED.items()}
        # with the certificate of somebody else a bound token is worth nothing, except to that one
        and lent == {**dict.fromkeys(tokens, False), "unbound": True, "other_certificate": True},
        "refused": f"{len(refused)}/{len(bad)}",
        "handshakes_refused": 2 * rounds * len(bad),
        "accepted_although_bad": sorted(set(bad) - set(refused)),
        "requests_of_theirs_seen": reached,
        "good_accepted": f"{welcome.count(ANSWERED)}/{len(welcome)}",
        "revoked_while_serving": len(revoked_after_s),
        "slowest_revocation_s": round(max(revoked_after_s), 2),
        "bound_tokens": bound,
        "websockets_opened": sockets,
        "websockets_opened_by_another": lent,
    }


_EXPECTED = {
    "unbound": 200,
    "own_certificate": 200,
    "other_certificate": 401,
    "unknown_way": 401,
    "two_ways": 401,
    "no_thumbprint": 401,
}


def _bound_tokens(it: Installation, authority: Authority) -> dict[str, str]:
    """A token per way of binding."""
    own, other = (authority.real.find(name).thumbprint for name in ("anna", "bert"))
    cnf: dict[str, Any] = {
        "own_certificate": {"x5t#S256": own},
        "other_certificate": {"x5t#S256": other},
        "unknown_way": {"jkt": own},
        "two_ways": {"x5t#S256": own, "jkt": own},
        "no_thumbprint": {},
    }
    token_for = partial(issue_test_token, security_from(DevelopmentConfig(security_mode="testing", home=it.home)))
    return {"unbound": token_for(), **{name: token_for(cnf=value) for name, value in cnf.items()}}


def _status(client: httpx.Client, token: str) -> int:
    return client.get(_ROUTE, headers={"Authorization": f"Bearer {token}"}).status_code


def _opened_sockets(
    it: Installation, authority: Authority, certificate: Certificate, tokens: Mapping[str, str]
) -> dict[str, bool]:
    """Whether a live WebSocket came of each token, however it was brought.

    Raises:
        ValueError: If it matters how.
    """
    uri, context = f"wss://127.0.0.1:{it.ports['datasets']}{_SOCKET}", client_context(authority.cert, certificate)
    opened = {}
    for name, token in tokens.items():
        ways: list[dict[str, Any]] = [
            {"uri": uri, "additional_headers": {"Authorization": f"Bearer {token}"}},
            {"uri": f"{uri}?token={token}"},
            {"uri": uri, "subprotocols": [f"bearer.{token}"]},
        ]
        (opened[name],) = {accepted({**way, "ssl": context}) for way in ways}
    return opened


def _seconds_until_refused(it: Installation, authority: Authority, name: str) -> float:
    leaver = authority.issue(name)
    port = it.ports["datasets"]
    assert _outcome(port, authority, leaver, _VERSIONS[1]) == ANSWERED
    authority.real.revoke(name)
    revoked_at = time.monotonic()
    while _outcome(port, authority, leaver, _VERSIONS[1]) == ANSWERED:
        if time.monotonic() - revoked_at > 30:
            break
        time.sleep(0.05)
    return time.monotonic() - revoked_at


def _outcome(port: int, authority: Authority, certificate: Certificate | None, version: ssl.TLSVersion) -> str:
    context = client_context(authority.cert, certificate)
    context.minimum_version = context.maximum_version = version
    return outcome(port, context)


@contextmanager
def _service(
    home: Path, authority: Authority, server: Certificate, good: Certificate
) -> Iterator[tuple[Installation, httpx.Client]]:
    """The dataset service, and a client that it knows."""
    files = {"CERT": server.cert, "KEY": server.key, "CLIENT_CA": authority.cert, "CLIENT_CRL": authority.crl}
    settings = {f"CLARA_TLS_{name}_FILE": str(path) for name, path in files.items()}
    modes = {"CLARA_SECURITY_MODE": "testing", "CLARA_MTLS_ENABLED": "true"}
    context = client_context(authority.cert, good)
    with (
        installation(home, services=("datasets",), ssl_context=context, **settings, **modes) as it,
        httpx.Client(base_url=it.url("datasets"), verify=context, trust_env=False) as client,
    ):
        yield it, client


def _requests(client: httpx.Client) -> int:
    """Requests for `/livez` that the service has seen so far."""
    lines = client.get("/metrics").raise_for_status().text.splitlines()
    counted = (re.match(r'clara_http_requests_total\{.*"/livez".*\} (\d+)', line) for line in lines)
    return sum(int(match[1]) for match in counted if match)
