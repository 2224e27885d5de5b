"""Tokens that nobody may accept: forged, altered, of somebody else, or good ones that say the wrong thing."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from shared.auth.jws import encode_segment
from tests.support.issuer import IssuerKey, good_claims

Claims = Mapping[str, Any]


def forged_tokens(key: IssuerKey, issuer: str) -> dict[str, str]:
    """Name -> token; all claim to be an administrator, and all would be good but for their one fault.

    Args:
        key: The one that signs good tokens of the issuer.
        issuer: The one that is trusted.
    """
    claims = {**good_claims(time.time()), "iss": issuer, "realm_access": {"roles": ["admin"]}}
    return {
        **_without_a_signature(key, claims),
        **_symmetric(key, claims),
        **_wrongly_signed(key, claims),
        **_with_other_headers(key, claims),
        **_of_another_shape(key, claims),
        **_with_wrong_claims(key, claims),
    }


def _without_a_signature(key: IssuerKey, claims: Claims) -> dict[str, str]:
    payload = encode_segment(_json(claims))
    tokens = {}
    for algorithm in ("none", "None", "nOnE", ""):
        header = encode_segment(_json({"alg": algorithm, "kid": key.kid, "typ": "JWT"}))
        tokens[f"alg {algorithm or 'empty'}, no signature"] = f"{header}.{payload}."
        tokens[f"alg {algorithm or 'empty'}, some signature"] = f"{header}.{payload}.{encode_segment(b'x' * 256)}"
    good = key.sign_as_is(_header(key), _json(claims))
    tokens["signature cut off"] = good.rpartition(".")[0] + "."
    return tokens


def _symmetric(key: IssuerKey, claims: Claims) -> dict[str, str]:
    """The published key as a secret that both sides know (CVE-2016-10555, CVE-2026-85394)."""
    public = key.private.public_key()
    secrets = {
        "PEM": key.public_pem,
        "PEM without its last newline": key.public_pem.strip(),
        "PKCS#1": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
        "DER": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "modulus": key.jwk()["n"].encode(),
        "empty": b"",
    }
    tokens = {f"HS256 with the public key, {name}": _mac(key, "HS256", claims, each) for name, each in secrets.items()}
    for algorithm in ("HS384", "HS512"):
        tokens[f"{algorithm} with the public key"] = _mac(key, algorithm, claims, key.public_pem)
    return tokens


def _wrongly_signed(key: IssuerKey, claims: Claims) -> dict[str, str]:
    good = key.sign_as_is(_header(key), _json(claims))
    head, payload, signature = good.split(".")
    stranger = IssuerKey.make(key.kid)
    other = key.sign_as_is(_header(key), _json({**claims, "sub": "somebody"}))
    mask = bytearray(base64.urlsafe_b64decode(signature + "=="))
    mask[0] ^= 1
    pss = key.private.sign(
        f"{_segment(key, alg='PS256')}.{payload}".encode(),
        padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        hashes.SHA256(),
    )
    analyst = key.sign_as_is(_header(key), _json({**claims, "realm_access": {"roles": ["analyst"]}})).split(".")
    return {
        "another key under our name": stranger.sign_as_is(_header(key), _json(claims)),
        "one bit of the signature changed": f"{head}.{payload}.{encode_segment(bytes(mask))}",
        "signature of another token": f"{head}.{payload}.{other.rpartition('.')[2]}",
        "half a signature": f"{head}.{payload}.{signature[: len(signature) // 8 * 4]}",
        "an analyst made administrator": f"{analyst[0]}.{payload}.{analyst[2]}",
        "PS256 by the good key": f"{_segment(key, alg='PS256')}.{payload}.{encode_segment(pss)}",
        **{
            f"says {name}": key.sign_as_is(_header(key, alg=name), _json(claims))
            for name in ("RS512", "ES256", "EdDSA")
        },
    }


def _with_other_headers(key: IssuerKey, claims: Claims) -> dict[str, str]:
    stranger = IssuerKey.make("mine")
    extras: dict[str, Claims] = {
        "key in the header": {"jwk": stranger.jwk()},
        "address of keys in the header": {"jku": "https://evil.example/certs"},
        "address of a certificate in the header": {"x5u": "https://evil.example/cert.pem"},
        "certificate in the header": {"x5c": ["MIIB"]},
        "crit": {"crit": ["exp"]},
        "b64": {"b64": False, "crit": ["b64"]},
        "zip": {"zip": "DEF"},
        "cty": {"cty": "JWT"},
        "number as kid": {"kid": 7},
        "list as alg": {"alg": ["RS256"]},
        "number as typ": {"typ": 1},
    }
    names = {
        "unknown kid": "other",
        "empty kid": "",
        "path as kid": "../../../../dev/null",
        "query as kid": "' UNION SELECT 'x",
    }
    tokens = {name: key.sign_as_is(_header(key, **extra), _json(claims)) for name, extra in extras.items()}
    tokens |= {name: key.sign_as_is(_header(key, kid=kid), _json(claims)) for name, kid in names.items()}
    tokens["own key, in the header, by its own name"] = stranger.sign_as_is(
        _header(stranger, jwk=stranger.jwk()), _json(claims)
    )
    tokens["no kid"] = key.sign_as_is(_json({"alg": "RS256"}), _json(claims))
    tokens["no alg"] = key.sign_as_is(_json({"kid": key.kid}), _json(claims))
    double = f'{{"alg":"none","alg":"RS256","kid":"{key.kid}"}}'.encode()
    tokens["alg twice"] = key.sign_as_is(double, _json(claims))
    return tokens


def _of_another_shape(key: IssuerKey, claims: Claims) -> dict[str, str]:
    good = key.sign_as_is(_header(key), _json(claims))
    head, payload, signature = good.split(".")
    flattened = _json({"protected": head, "payload": payload, "signature": signature}).decode()
    return {
        "a word": "admin",
        "null": "null",
        "dots": "..",
        "two parts": f"{head}.{payload}",
        "four parts": f"{good}.{signature}",
        "five parts, as if encrypted": f"{good}.{signature}.{signature}",
        "JSON serialisation": flattened,
        "padded": f"{good}==",
        "another spelling of the same bytes": good[:-1] + _next(good[-1]),
        "other alphabet": f"{head}.{payload}.{signature.replace('-', '+').replace('_', '/')}+",
        "begins with a dot": f".{good}",
        "space inside": f"{head} .{payload}.{signature}",
        "9 KB": key.sign_as_is(_header(key), _json({**claims, "filler": "x" * 9000})),
        "umlaut": f"{good}ä",
    }


def _with_wrong_claims(key: IssuerKey, claims: Claims) -> dict[str, str]:
    now = int(claims["iat"])
    wrong: dict[str, Claims] = {
        "expired": {"iat": now - 600, "exp": now - 1},
        "exp as text": {"exp": str(now + 300)},
        "exp with a fraction": {"exp": now + 300.5},
        "exp true": {"exp": True},
        "exp null": {"exp": None},
        "lives for a month": {"exp": now + 30 * 86_400},
        "ends before it begins": {"iat": now + 20, "exp": now + 10},
        "issued tomorrow": {"iat": now + 86_400, "exp": now + 86_700},
        "iat as text": {"iat": str(now)},
        "not valid yet": {"nbf": now + 600},
        "another issuer": {"iss": "https://evil.example/realms/vcc"},
        "issuer with a slash": {"iss": f"{claims['iss']}/"},
        "issuer in a list": {"iss": [claims["iss"]]},
        "another audience": {"aud": "account"},
        "audiences of others": {"aud": ["account", "clara"]},
        "audience as a key": {"aud": {"clara-training-system": True}},
        "empty subject": {"sub": ""},
        "number as subject": {"sub": 0},
        "an ID token": {"typ": "ID"},
        "a refresh token": {"typ": "Refresh"},
        "roles as text": {"realm_access": {"roles": "admin"}},
        "realm_access as a list": {"realm_access": ["admin"]},
        "nested too deeply": {"deep": json.loads("[" * 9 + "]" * 9)},
    }
    tokens = {name: key.sign_as_is(_header(key), _json({**claims, **change})) for name, change in wrong.items()}
    for name in ("iss", "aud", "sub", "exp", "iat", "typ"):
        tokens[f"no {name}"] = key.sign_as_is(_header(key), _json({k: v for k, v in claims.items() if k != name}))
    body = _json(claims)
    payloads = {
        "a claim twice": body[:-1] + b',"sub":"root"}',
        "NaN": body[:-1] + b',"x":NaN}',
        "payload is a list": b"[" + body + b"]",
        "payload is no JSON": b"{" + body,
        "payload is empty": b"",
        "payload is no UTF-8": b"\xff" + body,
    }
    return tokens | {name: key.sign_as_is(_header(key), payload) for name, payload in payloads.items()}


def _header(key: IssuerKey, **changes: Any) -> bytes:
    return _json({"alg": "RS256", "typ": "JWT", "kid": key.kid, **changes})


def _segment(key: IssuerKey, **changes: Any) -> str:
    return encode_segment(_header(key, **changes))


def _mac(key: IssuerKey, algorithm: str, claims: Claims, secret: bytes) -> str:
    signing_input = f"{_segment(key, alg=algorithm)}.{encode_segment(_json(claims))}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{signing_input}.{encode_segment(hmac.new(secret, signing_input.encode(), digest).digest())}"


def _next(character: str) -> str:
    """Base64url of 256 bytes ends with spare bits: the next character decodes to the same byte."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return alphabet[alphabet.index(character) + 1]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
