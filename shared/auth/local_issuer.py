"""The local issuer of security mode `testing`: a key pair in a folder, and tokens signed with it.

Nothing here works in any other mode: a token helper that did would be a master key.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.auth.jws import encode_segment
from shared.auth.models import SecurityConfig, SecurityMode
from shared.errors import NotPermitted, Unavailable
from shared.models.users import Role

KEY_FILE = "test-issuer.pem"


class LocalIssuerRefused(NotPermitted):
    """Somebody asked for a test token or test key outside security mode `testing`."""

    code = "local_issuer_refused"

    def __init__(self, config: SecurityConfig) -> None:
        super().__init__(
            f"Test tokens exist in security mode 'testing' only; this is mode {config.mode.value!r} "
            f"in environment {config.environment!r}.",
            mode=config.mode.value,
        )


def issue_test_token(
    config: SecurityConfig,
    *,
    roles: Iterable[Role | str] = (Role.ADMIN,),
    subject: str = "test-user",
    email: str = "test@clara.local",
    lifetime_s: int = 3600,
    **claims: Any,
) -> str:
    """A signed access token as the real issuer would make it.

    Args:
        config: Settings of the service that shall accept it; mode must be `testing`.
        roles: Names for `realm_access.roles`.
        subject: `sub`.
        email: `email`.
        lifetime_s: Seconds until `exp`.
        claims: Added to or replacing the usual claims, for tests of bad tokens.

    Raises:
        LocalIssuerRefused: In every other mode.
    """
    from jose import jws as jose_jws  # type: ignore[import-untyped]  # python-jose ships no types

    pem = _private_pem(config)
    now = int(time.time())
    payload = {
        "iss": config.issuer,
        "aud": config.audience,
        "sub": subject,
        "email": email,
        "typ": "Bearer",
        "iat": now,
        "exp": now + lifetime_s,
        "realm_access": {"roles": [str(role) for role in roles]},
        **claims,
    }
    return str(jose_jws.sign(payload, pem, headers={"kid": _public_jwk(pem)["kid"]}, algorithm="RS256"))


def local_test_jwks(config: SecurityConfig) -> dict[str, Any]:
    """The public key set of the local test key, which is made on first use.

    Raises:
        LocalIssuerRefused: In every other mode.
    """
    return {"keys": [_public_jwk(_private_pem(config))]}


def _private_pem(config: SecurityConfig) -> str:
    if config.mode is not SecurityMode.TESTING or config.is_production or config.test_key_dir is None:
        raise LocalIssuerRefused(config)
    path = config.test_key_dir / KEY_FILE
    try:
        if not path.exists():
            _create(path)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise Unavailable(f"{path} is readable by others; delete it (a new one is made) or chmod it to 600.")
        return path.read_text(encoding="ascii")
    except OSError as exc:
        raise Unavailable(f"The test key {path} cannot be read or made: {exc.strerror}.") from exc


def _create(path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # a name of its own: neither a thread beside us nor a process that died may be in the way
    draft = path.with_name(f"{path.name}.{uuid4().hex[:8]}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    try:
        # Unlike a rename, a link never replaces: of two services starting at once the second takes the first one's key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _public_jwk(pem: str) -> dict[str, Any]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Unavailable("The test key is no RSA key; delete it and a new one is made.")
    numbers = key.public_key().public_numbers()
    jwk = {"e": _unsigned(numbers.e), "kty": "RSA", "n": _unsigned(numbers.n)}
    # RFC 7638: the thumbprint hashes exactly these members in this order.
    thumbprint = hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode("ascii")).digest()
    return {**jwk, "kid": encode_segment(thumbprint), "use": "sig", "alg": "RS256"}


def _unsigned(number: int) -> str:
    return encode_segment(number.to_bytes((number.bit_length() + 7) // 8, "big"))
