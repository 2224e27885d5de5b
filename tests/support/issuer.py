"""An identity provider in a few lines: RSA keys, tokens shaped like Keycloak's, and a real HTTP server for its keys."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jose import jws as jose_jws  # type: ignore[import-untyped]

from shared.auth.jws import encode_segment

ISSUER = "https://keycloak.example/realms/vcc"
AUDIENCE = "clara-training-system"


@dataclass(frozen=True)
class IssuerKey:
    """One RSA signing key."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def make(cls, kid: str, bits: int = 2048) -> "IssuerKey":
        return cls(kid, rsa.generate_private_key(public_exponent=65537, key_size=bits))

    @property
    def pem(self) -> str:
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def jwk(self, **changes: Any) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        members = {
            "kty": "RSA",
            "kid": self.kid,
            "use": "sig",
            "alg": "RS256",
            "n": encode_segment(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")),
            "e": encode_segment(numbers.e.to_bytes(3, "big")),
            **changes,
        }
        return {name: value for name, value in members.items() if value is not None}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk()]}

    def sign_as_is(self, header: bytes, payload: bytes) -> str:
        """A token whose header and payload are exactly these bytes, signed with RS256 whatever the header says."""
        signing_input = f"{encode_segment(header)}.{encode_segment(payload)}"
        signature = self.private.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signing_input}.{encode_segment(signature)}"

    def sign(self, payload: bytes | dict[str, Any], **headers: Any) -> str:
        return str(jose_jws.sign(payload, self.pem, headers={"kid": self.kid, **headers}, algorithm="RS256"))

    def token(self, *, now: float | None = None, without: str | None = None, **claims: Any) -> str:
        """A good access token, changed by `claims`, `without` one of them."""
        payload = {**good_claims(time.time() if now is None else now), **claims}
        payload.pop(without or "", None)
        return self.sign(payload)


def good_claims(now: float) -> dict[str, Any]:
    """The claims of a good access token issued at `now`."""
    return {
        "iss": ISSUER,
        "aud": ["account", AUDIENCE],
        "sub": "5f0c-anna",
        "email": "anna@stadt.example",
        "typ": "Bearer",
        "iat": int(now),
        "exp": int(now) + 300,
        "realm_access": {"roles": ["trainer", "offline_access"]},
    }


def _set_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class KeyServer:
    """What the key server answers; tests change it while it runs, and clear `may_answer` to hold its answers back."""

    url: str
    document: Any
    status: int = 200
    delay_s: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    hits: int = 0
    may_answer: threading.Event = field(default_factory=_set_event)


@contextmanager
def key_server(document: Any, *, tls: ssl.SSLContext | None = None) -> Iterator[KeyServer]:
    """Serve a JWKS document on a free port of this machine, at any path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.hits += 1
            time.sleep(state.delay_s)
            state.may_answer.wait()
            body = state.document if isinstance(state.document, bytes) else json.dumps(state.document).encode()
            self.send_response(state.status)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # The client may give up first: that is what some tests are about.
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    scheme = "http" if tls is None else "https"
    state = KeyServer(f"{scheme}://127.0.0.1:{server.server_port}/certs", document)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join()
