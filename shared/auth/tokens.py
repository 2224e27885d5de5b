"""The one place where signatures and claims of access tokens are checked.

python-jose accepts what it should not (missing `aud` and `exp`, symmetric keys, duplicate claims, 10 MB of token …), so
it only ever sees tokens that `jws.py` has read strictly, with a key that `keys.py` approves for that algorithm.
"""

import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from shared.auth.binding import confirmation
from shared.auth.jwks import KeySource
from shared.auth.jws import CompactJws, InvalidToken, read_compact, strict_json_object
from shared.auth.models import ASYMMETRIC_ALGORITHMS, Identity, SecurityConfig
from shared.models.users import Principal, Role

if TYPE_CHECKING:
    from shared.auth.keys import SigningKeys

logger = logging.getLogger(__name__)

MAX_SKEW_S = 30
MAX_LIFETIME_S = 24 * 3600
_KNOWN_ROLES = frozenset(Role)


def verify_jws(token: object, jwks: object, algorithms: Collection[str]) -> bytes:
    """The payload of a compact JWS whose signature one key of `jwks` confirms.

    Args:
        token: What claims to be `header.payload.signature`.
        jwks: A parsed key set `{"keys": [...]}`.
        algorithms: Acceptable `alg` values; symmetric ones never are, whatever is asked.

    Raises:
        InvalidToken: If anything at all is wrong with it.
    """
    from shared.auth.keys import SigningKeys

    compact = read_compact(token)
    _require_algorithm(compact, algorithms)
    _check_signature(str(token), compact, SigningKeys(jwks))
    return compact.payload


def _require_algorithm(compact: CompactJws, algorithms: Collection[str]) -> None:
    if compact.algorithm not in algorithms or compact.algorithm not in ASYMMETRIC_ALGORITHMS:
        raise InvalidToken("algorithm not allowed")


def _check_signature(token: str, compact: CompactJws, keys: "SigningKeys") -> None:
    from jose import jws as jose_jws  # type: ignore[import-untyped]  # python-jose ships no types
    from jose.exceptions import JOSEError  # type: ignore[import-untyped]  # python-jose ships no types

    key = keys.find(compact.kid, compact.algorithm)
    try:
        jose_jws.verify(token, key, algorithms=[compact.algorithm])
    except JOSEError as exc:
        raise InvalidToken("signature does not match") from exc


class TokenVerifier:
    """Decides whether an access token is good, and whose it is.

    Args:
        keys: Where signing keys come from.
        issuer: Exact `iss`.
        audience: What `aud` must contain.
        algorithms: Acceptable signature algorithms.
        max_remembered: Good tokens whose verdict is kept, so that they are not checked on every request.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        keys: KeySource,
        *,
        issuer: str,
        audience: str,
        algorithms: Collection[str] = ("RS256",),
        max_remembered: int = 4096,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._algorithms = frozenset(algorithms)
        self._max_remembered = max_remembered
        self._clock = clock
        self._verdicts: OrderedDict[bytes, tuple[int, Identity]] = OrderedDict()
        self._verdicts_generation = keys.generation

    async def verify(self, token: str) -> Identity:
        """The identity behind a token.

        Raises:
            InvalidToken: If any rule is broken.
            Unavailable: If there are no keys to check it with.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        remembered = self._remembered(digest)
        if remembered:
            return remembered
        compact = read_compact(token)
        _require_algorithm(compact, self._algorithms)
        _check_signature(token, compact, await self._keys.keys_for(compact.kid))
        identity, expires_at = self._check_claims(strict_json_object(compact.payload))
        self._remember(digest, expires_at, identity)
        return identity

    def _remembered(self, digest: bytes) -> Identity | None:
        # a verdict holds until `exp`, but falls with the keys that it rests on
        self._keys.keep_fresh()
        self._forget_what_rests_on_older_keys()
        until, identity = self._verdicts.get(digest, (0, None))
        return identity if self._clock() < until else None

    def _forget_what_rests_on_older_keys(self) -> None:
        if self._verdicts_generation != self._keys.generation:
            self._verdicts.clear()
            self._verdicts_generation = self._keys.generation

    def _remember(self, digest: bytes, expires_at: int, identity: Identity) -> None:
        self._forget_what_rests_on_older_keys()
        self._verdicts[digest] = (expires_at, identity)
        if len(self._verdicts) > self._max_remembered:
            self._verdicts.popitem(last=False)

    def _check_claims(self, claims: dict[str, Any]) -> tuple[Identity, int]:
        now = self._clock()
        issued_at, expires_at = _seconds(claims, "iat"), _seconds(claims, "exp")
        subject = claims.get("sub")
        broken = (
            (claims.get("iss") != self._issuer, "wrong issuer"),
            (self._audience not in _audiences(claims), "wrong audience"),
            (claims.get("typ") != "Bearer", "not an access token"),
            (not isinstance(subject, str) or not 0 < len(subject) <= 255, "no subject"),
            (issued_at > now + MAX_SKEW_S, "issued in the future"),
            (expires_at <= now, "expired"),
            (not 0 < expires_at - issued_at <= MAX_LIFETIME_S, "lifetime not allowed"),
            ("nbf" in claims and _seconds(claims, "nbf") > now + MAX_SKEW_S, "not valid yet"),
        )
        for is_broken, reason in broken:
            if is_broken:
                raise InvalidToken(reason)
        return Identity(_principal(claims), float(expires_at), confirmation(claims)), expires_at


def verifier_for(config: SecurityConfig, keys: KeySource, *, clock: Callable[[], float] = time.time) -> TokenVerifier:
    """The verifier that the settings describe."""
    return TokenVerifier(
        keys, issuer=config.issuer, audience=config.audience, algorithms=config.algorithms, clock=clock
    )


def _seconds(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidToken(f"{name} missing or not a whole number")
    return value


def _audiences(claims: dict[str, Any]) -> list[object]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def _principal(claims: dict[str, Any]) -> Principal:
    access = claims.get("realm_access", {})
    roles = access.get("roles", []) if isinstance(access, dict) else None
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise InvalidToken("realm_access.roles is not a list of names")
    email = claims.get("email")
    has_email = isinstance(email, str) and 0 < len(email) <= 254
    return Principal(
        subject=claims["sub"],
        email=str(email) if has_email else claims["sub"],
        roles=frozenset(Role(role) for role in roles if role in _KNOWN_ROLES),
    )
