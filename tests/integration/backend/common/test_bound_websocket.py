"""Live updates over mTLS for tokens that are good with one client certificate only, against a real training service."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.certificates import Authority, Certificate
from tests.support.installation import installation
from tests.support.quick_service import probe_order
from tests.support.tls_callers import client_context

_TERMINAL = {"completed", "failed", "cancelled"}


@dataclass(frozen=True)
class Site:
    """A training service that wants client certificates, and two callers who have one."""

    base: str
    home: Path
    authority: Authority
    anna: Certificate
    bert: Certificate

    def token(self, bound_to: str | None = None) -> str:
        """A good token; bound to the certificate of this name."""
        issue = partial(issue_test_token, security_from(DevelopmentConfig(security_mode="testing", home=self.home)))
        return issue(cnf={"x5t#S256": self.authority.real.find(bound_to).thumbprint}) if bound_to else issue()

    def socket(self, certificate: Certificate, token: str, query: str = "") -> Any:
        """The WebSocket, opened with the certificate and the token in the header."""
        return connect(
            f"wss{self.base.removeprefix('https')}/api/training/ws{query}",
            ssl=client_context(self.authority.cert, certificate),
            additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None,
        )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    authority = Authority(folder)
    server, anna, bert = (authority.issue(name) for name in ("127.0.0.1", "anna", "bert"))
    files = {"CERT": server.cert, "KEY": server.key, "CLIENT_CA": authority.cert, "CLIENT_CRL": authority.crl}
    settings = {f"CLARA_TLS_{name}_FILE": str(path) for name, path in files.items()}
    modes = {"CLARA_SECURITY_MODE": "testing", "CLARA_MTLS_ENABLED": "true"}
    context = client_context(authority.cert, anna)
    with installation(folder / "home", services=("training",), ssl_context=context, **settings, **modes) as it:
        yield Site(it.url("training"), it.home, authority, anna, bert)


def test_the_updates_of_a_job_come_over_a_bound_websocket(site: Site) -> None:
    token = site.token("anna")
    verify = client_context(site.authority.cert, site.anna)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.base, verify=verify, headers=headers, trust_env=False) as client:
        job = client.post("/api/training/jobs", json=probe_order("bound")).raise_for_status().json()
    updates = []
    with site.socket(site.anna, token, f"?job_id={job['job_id']}&resume_from=0") as socket:
        while not updates or updates[-1]["status"] not in _TERMINAL:
            updates.append(json.loads(socket.recv(timeout=60)))

    assert updates[-1]["status"] == "completed"
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))


@pytest.mark.parametrize(
    ("bound_to", "comes_with", "is_opened"),
    [("anna", "anna", True), ("anna", "bert", False), ("bert", "anna", False), (None, "bert", True)],
)
def test_a_bound_token_opens_a_websocket_with_its_own_certificate_alone(
    site: Site, bound_to: str | None, comes_with: str, is_opened: bool
) -> None:
    certificate = {"anna": site.anna, "bert": site.bert}[comes_with]
    token = site.token(bound_to)
    if is_opened:
        with site.socket(certificate, token) as socket:
            socket.send("ping")
            assert socket.recv(timeout=10) == "pong"
        return
    with pytest.raises(InvalidStatus) as refusal, site.socket(certificate, token):
        pass
    assert refusal.value.response.status_code == 401
    assert b"certificate" not in refusal.value.response.body
