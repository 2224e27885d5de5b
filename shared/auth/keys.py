"""Which JSON Web Keys we trust with which algorithm, and the objects that check signatures with them.

python-jose does RSA PKCS#1 and ECDSA; PSS, which it lacks, enters through its own `Key` seam. This module is imported
with the first token only: cryptography costs several MB.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jose import jwk as jose_jwk  # type: ignore[import-untyped]  # python-jose ships no types
from jose.backends.base import Key  # type: ignore[import-untyped]  # python-jose ships no types
from jose.exceptions import JOSEError  # type: ignore[import-untyped]  # python-jose ships no types

from shared.auth.jws import InvalidToken, decode_segment
from shared.auth.models import ASYMMETRIC_ALGORITHMS

logger = logging.getLogger(__name__)

_CURVES = {"P-256": ("ES256", 32), "P-384": ("ES384", 48), "P-521": ("ES512", 66)}
_PSS_HASHES: dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "PS256": hashes.SHA256,
    "PS384": hashes.SHA384,
    "PS512": hashes.SHA512,
}
_MIN_RSA_BITS, _MAX_RSA_BITS = 2048, 8192
_MIN_EXPONENT, _MAX_EXPONENT = 65537, 2**32
# The primes whose residues give ROCA keys away (Nemec et al. 2017, https://doi.org/10.1145/3133956.3133969).
_ROCA_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


class SigningKeys:
    """The keys of one JWKS document that pass the policy, by `kid`.

    Unusable keys are left out with a logged reason, so that Keycloak's encryption key beside the signing key does no
    harm; a `kid` that occurs twice is left out altogether, because nobody could say which key is meant.

    Args:
        jwks: The parsed document `{"keys": [...]}`; anything else gives no keys.
    """

    def __init__(self, jwks: object) -> None:
        listed = jwks.get("keys") if isinstance(jwks, Mapping) else None
        listed = [key for key in listed if isinstance(key, Mapping)] if isinstance(listed, list) else []
        uses = Counter(map(_name_of, listed))
        self._jwks: dict[str, Mapping[str, Any]] = {}
        self._built: dict[tuple[str, str], Key] = {}
        for key in listed:
            kid = _name_of(key)
            reason = "kid is not unique" if kid and uses[kid] > 1 else refusal(key)
            if reason:
                logger.info("auth.key_ignored", extra={"kid": kid, "reason": reason})
            else:
                self._jwks[kid] = key

    def __contains__(self, kid: object) -> bool:
        """Whether a usable key has this `kid`."""
        return kid in self._jwks

    def find(self, kid: str, algorithm: str) -> Key:
        """The python-jose key to check a signature with, built once.

        Raises:
            InvalidToken: If there is no such key or it is not meant for `algorithm`.
        """
        if (kid, algorithm) not in self._built:
            jwk = self._jwks.get(kid)
            if jwk is None:
                raise InvalidToken("unknown kid")
            if algorithm not in _algorithms_of(jwk):
                raise InvalidToken("key and algorithm do not match")
            self._built[kid, algorithm] = _build(jwk, algorithm)
        return self._built[kid, algorithm]


def refusal(jwk: Mapping[str, Any]) -> str | None:
    """Why a key may not check signatures at all, None if it may."""
    if not _name_of(jwk):
        return "no kid"
    if "d" in jwk or "k" in jwk:
        return "published secret"
    if jwk.get("use", "sig") != "sig" or "verify" not in _key_operations(jwk):
        return "not for signatures"
    if "alg" in jwk and not (isinstance(jwk["alg"], str) and jwk["alg"] in ASYMMETRIC_ALGORITHMS):
        return "algorithm not allowed"
    try:
        if jwk.get("kty") == "RSA":
            return _rsa_refusal(_integer(jwk["n"]), _integer(jwk["e"]))
        if jwk.get("kty") == "EC":
            return _ec_refusal(jwk)
    except (KeyError, InvalidToken):
        return "malformed"
    return "key type not allowed"


def _name_of(jwk: Mapping[str, Any]) -> str:
    """Its `kid`; empty if that is none."""
    kid = jwk.get("kid")
    return kid if isinstance(kid, str) else ""


def _key_operations(jwk: Mapping[str, Any]) -> list[object]:
    operations = jwk.get("key_ops", ["verify"])
    return operations if isinstance(operations, list) else []


def _rsa_refusal(modulus: int, exponent: int) -> str | None:
    if not _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS:
        return f"RSA key of {modulus.bit_length()} bits"
    if not _MIN_EXPONENT <= exponent <= _MAX_EXPONENT or exponent % 2 == 0:
        return "RSA exponent not allowed"
    if has_roca_fingerprint(modulus):
        return "RSA key from a broken generator (ROCA)"
    return None


def _ec_refusal(jwk: Mapping[str, Any]) -> str | None:
    if not isinstance(jwk.get("crv"), str) or jwk["crv"] not in _CURVES:
        return "curve not allowed"
    size_bytes = _CURVES[jwk["crv"]][1]
    if any(len(_octets(jwk[name])) != size_bytes for name in ("x", "y")):
        return "coordinates of the wrong length"
    return None


def has_roca_fingerprint(modulus: int) -> bool:
    """Whether a modulus is a power of 65537 modulo every small prime, as only CVE-2017-15361 generators make it."""
    return all(modulus % prime in _powers_of_65537(prime) for prime in _ROCA_PRIMES)


def _powers_of_65537(prime: int) -> set[int]:
    return {pow(65537, power, prime) for power in range(prime)}


def _octets(value: object) -> bytes:
    if not isinstance(value, str):
        raise InvalidToken("key field is not text")
    return decode_segment(value)


def _integer(value: object) -> int:
    return int.from_bytes(_octets(value), "big")


def _algorithms_of(jwk: Mapping[str, Any]) -> frozenset[str]:
    """What a usable key may check: what its type can do, narrowed to its own `alg` where it names one."""
    if jwk["kty"] == "EC":
        possible = frozenset({_CURVES[jwk["crv"]][0]})
    else:
        possible = frozenset(name for name in ASYMMETRIC_ALGORITHMS if not name.startswith("ES"))
    return possible & {jwk["alg"]} if "alg" in jwk else possible


def _build(jwk: Mapping[str, Any], algorithm: str) -> Key:
    try:
        return _PssKey(jwk, algorithm) if algorithm in _PSS_HASHES else jose_jwk.construct(dict(jwk), algorithm)
    except (JOSEError, ValueError) as exc:
        raise InvalidToken("key cannot be read") from exc


class _PssKey(Key):  # type: ignore[misc]  # base class is untyped
    """RSASSA-PSS behind python-jose's key interface; salt as long as the hash (RFC 7518, section 3.5)."""

    def __init__(self, jwk: Mapping[str, Any], algorithm: str) -> None:
        super().__init__(jwk, algorithm)
        self._hash = _PSS_HASHES[algorithm]()
        self._public = rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()

    def verify(self, msg: bytes, sig: bytes) -> bool:
        pss = padding.PSS(padding.MGF1(self._hash), salt_length=self._hash.digest_size)
        try:
            self._public.verify(sig, msg, pss, self._hash)
        except InvalidSignature:
            return False
        return True
