"""Real services that want tokens: in the modes for developers and tests, and in production, with certificates too."""

import contextlib
import http.client
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.installation import ROOT, free_port
from tests.support.issuer import IssuerKey, KeyServer, key_server
from tests.support.production import ProductionSite

MODES = ("development", "testing", "production")
SERVICES: Mapping[str, str] = {"training": "CLARA_TRAINING_PORT", "datasets": "CLARA_DATASET_PORT"}
_START_S = 60.0
_ANSWER_S = 10.0
_SWITCHED, _SILENCE = 101, 0
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
IssueToken = Callable[..., str]


@dataclass(frozen=True)
class Answer:
    """What a request or handshake was answered; 101 is an open WebSocket, 0 no answer at all."""

    status: int
    body: bytes


@dataclass(frozen=True)
class SecuredServices:
    """Running services of one mode.

    Args:
        mode: Of `MODES`.
        urls: Service -> base address.
        issue: Makes a good token; takes `roles` and claims.
        issuer: `iss` of good tokens.
        key: Signs good tokens; in mode `testing` a key that signs nothing.
        tls: How to connect where the services speak TLS.
        keys: What the identity provider publishes.
    """

    mode: str
    urls: Mapping[str, str]
    issue: IssueToken
    issuer: str
    key: IssuerKey
    tls: ssl.SSLContext | None
    keys: KeyServer

    @contextlib.contextmanager
    def client(self, service: str) -> Iterator[httpx.Client]:
        """A client without a token, with a certificate where one is needed."""
        with httpx.Client(base_url=self.urls[service], verify=self.tls or False, trust_env=False, timeout=30) as client:
            yield client

    def document(self, service: str) -> Any:
        """The OpenAPI document."""
        with self.client(service) as client:
            return client.get("/openapi.json").raise_for_status().json()

    def handshake(self, service: str, path: str, token: str | None, *, way: str = "header") -> Answer:
        """Open a WebSocket with the token in the header, the query or as subprotocol, whatever characters it has."""
        headers = dict(_UPGRADE)
        if token is not None and way == "header":
            headers["Authorization"] = f"Bearer {token}"
        elif token is not None and way == "query":
            path = f"{path}?{httpx.QueryParams({'token': token})}"
        elif token is not None:
            headers["Sec-WebSocket-Protocol"] = f"bearer.{token}"
        url = httpx.URL(self.urls[service])
        with contextlib.ExitStack() as stack:
            plain = stack.enter_context(socket.create_connection((url.host, url.port or 0), timeout=_ANSWER_S))
            stream = (
                plain
                if self.tls is None
                else stack.enter_context(self.tls.wrap_socket(plain, server_hostname=url.host))
            )
            lines = [f"GET {path} HTTP/1.1", f"Host: {url.host}:{url.port}", *(f"{k}: {v}" for k, v in headers.items())]
            stream.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            response = http.client.HTTPResponse(stream)
            try:
                response.begin()
            except TimeoutError:
                return Answer(_SILENCE, b"")
            return Answer(response.status, b"" if response.status == _SWITCHED else response.read())


@contextlib.contextmanager
def secured_services(
    mode: str, folder: Path, services: Sequence[str] = tuple(SERVICES), **settings: str
) -> Iterator[SecuredServices]:
    """Start services in a mode; none is left afterwards.

    Args:
        mode: Of `MODES`.
        folder: For state and certificates.
        services: Which ones.
        settings: Further variables.
    """
    key = IssuerKey.make("key-1")
    site = ProductionSite.make(folder) if mode == "production" else None
    with contextlib.ExitStack() as stack:
        keys = stack.enter_context(key_server(key.jwks(), tls=site.server_context() if site else None))
        home, base = folder / "home", keys.url.removesuffix("/certs")
        environment = _environment(mode, home, site, KEYCLOAK_URL=base, **settings)
        issuer = f"{base}/realms/vcc"
        security = security_from(DevelopmentConfig(security_mode="testing", home=home, keycloak_url=base))

        def issue(*, roles: Sequence[str] = ("admin",), **claims: Any) -> str:
            if mode == "testing":
                return issue_test_token(security, roles=roles, **claims)
            return key.token(**{"iss": issuer, "realm_access": {"roles": list(roles)}, **claims})

        tls = site.client_context() if site else None
        ports = {service: free_port() for service in services}
        scheme = "https" if site else "http"
        urls = {service: f"{scheme}://127.0.0.1:{port}" for service, port in ports.items()}
        running = SecuredServices(mode, urls, issue, issuer, key, tls, keys)
        for service, port in ports.items():
            stack.enter_context(_process(service, folder, {**environment, SERVICES[service]: str(port)}))
        for service in services:
            _wait_ready(running, service, folder)
        yield running


def _environment(mode: str, home: Path, site: ProductionSite | None, **settings: str) -> dict[str, str]:
    home.mkdir(parents=True, exist_ok=True)
    if site is not None:
        return site.environment(**settings)
    shared = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "CLARA_ENVIRONMENT": "development",
        "CLARA_SECURITY_MODE": mode,
        "CLARA_HOME": str(home),
        "CLARA_OUTGOING_ALLOWED": "127.0.0.1",
        "CLARA_WARM_TRAINER": "off",
    }
    return {**shared, **settings}


@contextlib.contextmanager
def _process(service: str, folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with (folder / f"{service}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", f"backend.{service}.app"], env=environment, stdout=log, stderr=log, cwd=ROOT
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(running: SecuredServices, service: str, folder: Path) -> None:
    give_up = time.monotonic() + _START_S
    with running.client(service) as client:
        while time.monotonic() < give_up:
            with contextlib.suppress(httpx.TransportError):
                if client.get("/readyz").status_code == httpx.codes.OK:
                    return
            time.sleep(0.05)
    log = (folder / f"{service}.log").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"{service} is not ready: {log[-2000:]}")
