"""A production installation on this machine: certificates, and the settings of services that demand them."""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.certificates import Authority, Certificate
from tests.support.installation import ROOT


@dataclass(frozen=True)
class ProductionSite:
    """Files of a production installation that may start.

    Args:
        home: `CLARA_HOME`.
        authority: Signs everything here.
        server: Of the services, and of the identity provider.
        client: Of a caller.
    """

    home: Path
    authority: Authority
    server: Certificate
    client: Certificate

    @classmethod
    def make(cls, folder: Path) -> "ProductionSite":
        certificates = folder / "certificates"
        certificates.mkdir(parents=True)
        authority = Authority(certificates)
        site = cls(folder / "home", authority, authority.issue("127.0.0.1"), authority.issue("script"))
        site.server.key.chmod(0o600)
        return site

    def environment(self, **changes: str | None) -> dict[str, str]:
        """The whole environment of a service process; None takes a variable out."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLARA_", "KEYCLOAK_"))}
        # the list of revoked certificates, where this version knows of one
        revoked = getattr(self.authority, "crl", None)
        settings: dict[str, str | None] = {
            "PYTHONPATH": str(ROOT),
            "CLARA_HOME": str(self.home),
            "CLARA_ENVIRONMENT": "production",
            "CLARA_TLS_CERT_FILE": str(self.server.cert),
            "CLARA_TLS_KEY_FILE": str(self.server.key),
            "CLARA_TLS_CLIENT_CA_FILE": str(self.authority.cert),
            "CLARA_TLS_CLIENT_CRL_FILE": str(revoked) if revoked else None,
            "KEYCLOAK_URL": "https://login.stadt.example",
            "CLARA_CORS_ORIGINS": "https://clara.stadt.example",
            # whom outgoing calls trust, and where they may go
            "CLARA_OUTGOING_ALLOWED": "127.0.0.1",
            "SSL_CERT_FILE": str(self.authority.cert),
            "CLARA_WARM_TRAINER": "off",
            **changes,
        }
        return {**kept, **{name: value for name, value in settings.items() if value is not None}}

    def server_context(self) -> ssl.SSLContext:
        """For the identity provider."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server.cert, self.server.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a caller with a certificate."""
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        context.load_cert_chain(self.client.cert, self.client.key)
        return context

    @contextmanager
    def caller(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[httpx.Client]:
        """A client with a certificate."""
        with httpx.Client(
            base_url=url, verify=self.client_context(), trust_env=False, headers=dict(headers or {}), timeout=30
        ) as client:
            yield client
