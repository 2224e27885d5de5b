"""Security settings, identities and the refusals of this package."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from shared.auth.origins import origin_fault
from shared.errors import NotPermitted
from shared.models.users import Principal, Role
from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy
from shared.outgoing.web_addresses import is_encrypted, is_web_address


class SecurityMode(StrEnum):
    """The modes of the contract."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    DEBUG = "debug"
    TESTING = "testing"


ASYMMETRIC_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"},
)


class Unauthenticated(NotPermitted):
    """Nobody is known to call; the reason is for our log only, every caller reads the same words."""

    code = "unauthenticated"

    def __init__(self, reason: str) -> None:
        super().__init__("A valid access token is required.")
        self.reason = reason


class RoleMissing(NotPermitted):
    """The caller is known but holds none of the roles that the action needs."""

    code = "role_missing"

    def __init__(self, principal: Principal, required: frozenset[Role]) -> None:
        needed, held = sorted(required), sorted(principal.roles)
        super().__init__(
            f"This needs one of the roles {', '.join(needed)}; your account has {', '.join(held) or 'none of them'}.",
            required_roles=needed,
            held_roles=held,
        )


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls and until when we may believe it.

    Args:
        principal: The caller.
        expires_at: Seconds since the epoch (`exp` of the token); None never ends (the debug user).
        certificate: Thumbprint of the one client certificate with which the token is good; None: it is not bound.
    """

    principal: Principal
    expires_at: float | None = None
    certificate: str | None = None


class Authenticator(Protocol):
    """Turns a bearer token, or its absence, into an identity."""

    async def identify(self, token: str | None) -> Identity:
        """The caller's identity.

        Raises:
            Unauthenticated: If the token is missing or fails any rule.
            Unavailable: If the keys to check it with cannot be had.
        """
        ...


DEBUG_USER = Principal("debug-user", "debug@clara.local", frozenset({Role.ADMIN, Role.TRAINER}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityConfig:
    """Everything this package needs to know, resolved from the settings by `app.py`.

    Args:
        mode: Security mode; it never switches anything by itself except the local test key of `testing`.
        environment: `development`, `production` or `testing`; production tolerates nothing below.
        jwt_enabled: Whether callers need a token (resolved from mode and override).
        mtls_enabled: Whether callers need a client certificate (resolved).
        issuer: Exact `iss` of tokens, e.g. `https://keycloak.example/realms/vcc`.
        jwks_url: Where its keys are; empty derives Keycloak's path from the issuer.
        audience: What `aud` must contain.
        algorithms: Signature algorithms we accept, asymmetric only.
        debug: The debug switch of the application.
        debug_user: Who everybody is where no token is asked for.
        cors_origins: Origins of web pages that may call us, also by WebSocket.
        tls_cert_file: Our certificate chain (PEM).
        tls_key_file: Its private key (PEM).
        tls_client_ca_file: Who signs client certificates (PEM).
        tls_client_crl_file: Which of them are revoked (PEM).
        test_key_dir: Folder of the local test key (mode `testing` only).
        outgoing: Where keys may be fetched from, beside public addresses.
    """

    mode: SecurityMode
    environment: str = "production"
    jwt_enabled: bool = True
    mtls_enabled: bool = False
    issuer: str = ""
    jwks_url: str = ""
    audience: str = ""
    algorithms: tuple[str, ...] = ("RS256",)
    debug: bool = False
    debug_user: Principal = field(default=DEBUG_USER)
    cors_origins: tuple[str, ...] = ()
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    tls_client_ca_file: Path | None = None
    tls_client_crl_file: Path | None = None
    test_key_dir: Path | None = None
    outgoing: OutgoingPolicy = PUBLIC_ONLY

    @property
    def resolved_jwks_url(self) -> str:
        """The configured JWKS address, else Keycloak's below the issuer."""
        return self.jwks_url or f"{self.issuer}/protocol/openid-connect/certs"

    @property
    def is_production(self) -> bool:
        """Whether either the environment or the mode claims to be production."""
        return self.environment == "production" or self.mode is SecurityMode.PRODUCTION

    def validate_for_start(self) -> list[str]:
        """Reasons not to start, each naming the setting that would cure it; empty when all is well."""
        rules = _ALWAYS + (_IN_PRODUCTION if self.is_production else ())
        faults = filter(None, map(origin_fault, self.cors_origins))
        return [
            *(reason for is_broken, reason in rules if is_broken(self)),
            *(f"CLARA_CORS_ORIGINS: {fault}" for fault in faults),
        ]


def _lacks_file(path: Path | None) -> bool:
    return path is None or not path.is_file()


def _is_exposed(path: Path | None) -> bool:
    """Whether others than owner and group may read a file, or others than its owner change it."""
    if os.name != "posix" or path is None or not path.is_file():
        return False
    return bool(path.stat().st_mode & 0o027)


def _wants_issuer(config: SecurityConfig) -> bool:
    return config.jwt_enabled and config.mode is not SecurityMode.TESTING


Rule = tuple[Callable[[SecurityConfig], bool], str]

_ALWAYS: tuple[Rule, ...] = (
    (lambda c: not c.algorithms, "CLARA_JWT_ALGORITHM is empty: name at least RS256"),
    (
        lambda c: not set(c.algorithms) <= ASYMMETRIC_ALGORITHMS,
        f"CLARA_JWT_ALGORITHM must be one of {', '.join(sorted(ASYMMETRIC_ALGORITHMS))}",
    ),
    (
        lambda c: _wants_issuer(c) and not is_web_address(c.issuer),
        "CLARA_KEYCLOAK_URL is not set (or no plain http(s) address), but tokens are required",
    ),
    (lambda c: _wants_issuer(c) and c.issuer.rstrip("/ ").endswith("/realms"), "CLARA_KEYCLOAK_REALM is empty"),
    (
        lambda c: not (c.jwt_enabled or c.mode is SecurityMode.DEBUG or c.is_production),
        "CLARA_JWT_ENABLED=false belongs to CLARA_SECURITY_MODE=debug: everybody would be the debug user",
    ),
    (
        lambda c: c.jwt_enabled and not c.audience.strip(),
        "CLARA_KEYCLOAK_CLIENT_ID is empty: tokens need an audience to match",
    ),
    (
        lambda c: c.jwt_enabled and c.mode is SecurityMode.TESTING and c.test_key_dir is None,
        "security mode testing needs a folder for its key",
    ),
    (lambda c: c.mtls_enabled and _lacks_file(c.tls_cert_file), "mTLS is on, but the TLS certificate file is missing"),
    (lambda c: c.mtls_enabled and _lacks_file(c.tls_key_file), "mTLS is on, but the TLS key file is missing"),
    (lambda c: c.mtls_enabled and _lacks_file(c.tls_client_ca_file), "mTLS is on, but the client CA file is missing"),
    (
        lambda c: c.tls_client_crl_file is not None and _lacks_file(c.tls_client_crl_file),
        "the file of CLARA_TLS_CLIENT_CRL_FILE is missing",
    ),
)

_IN_PRODUCTION: tuple[Rule, ...] = (
    (
        lambda c: c.mode is not SecurityMode.PRODUCTION,
        "CLARA_SECURITY_MODE must be 'production' when CLARA_ENVIRONMENT is production",
    ),
    (lambda c: not c.jwt_enabled, "CLARA_JWT_ENABLED=false leaves every route open"),
    (lambda c: not c.mtls_enabled, "CLARA_MTLS_ENABLED=false lets anybody on the network connect"),
    (
        lambda c: c.mtls_enabled and c.tls_client_crl_file is None,
        "CLARA_TLS_CLIENT_CRL_FILE is not set: a stolen client certificate could not be revoked",
    ),
    (lambda c: c.debug, "CLARA_DEBUG=true shows internals"),
    (lambda c: not is_encrypted(c.issuer), "CLARA_KEYCLOAK_URL must be https: over http anybody can issue tokens"),
    (
        lambda c: not is_encrypted(c.resolved_jwks_url),
        "the JWKS address must be https: over http keys get swapped",
    ),
    (
        lambda c: not all(origin.lower().startswith(("https://", "*")) for origin in c.cors_origins),
        "CLARA_CORS_ORIGINS must be https origins",
    ),
    (
        lambda c: _is_exposed(c.tls_key_file),
        "the file of CLARA_TLS_KEY_FILE is open to other users of this machine: chmod 600",
    ),
    (lambda c: c.test_key_dir is not None, "a test key folder has no place in production"),
)
