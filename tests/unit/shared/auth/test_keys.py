import logging
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.auth.jws import InvalidToken, encode_segment
from shared.auth.keys import SigningKeys, has_roca_fingerprint, refusal
from tests.support.issuer import IssuerKey


def ec_jwk(**changes: Any) -> dict[str, Any]:
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    x, y = (encode_segment(number.to_bytes(32, "big")) for number in (point.x, point.y))
    return {"kty": "EC", "kid": "e", "use": "sig", "crv": "P-256", "x": x, "y": y, **changes}


_EC, _RSA = ec_jwk(kid="k"), IssuerKey.make("k").jwk()
_MEMBERS = ("kid", "kty", "use", "key_ops", "alg", "crv", "x", "y", "n", "e", "x5c", "beside")
_WORDS = ("RSA", "EC", "sig", "verify", "RS256", "PS256", "ES256", "P-256", "AQAB", "beside", "k")


def test_rsa_and_ec_signing_keys_are_usable(key: IssuerKey) -> None:
    assert refusal(key.jwk()) is None
    assert refusal(key.jwk(use=None, alg=None)) is None
    assert refusal(key.jwk(use=None, key_ops=["verify"])) is None
    assert refusal(ec_jwk()) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kid": None}, "no kid"),
        ({"kid": 7}, "no kid"),
        ({"d": "AQAB"}, "published secret"),
        ({"k": "AQAB"}, "published secret"),
        ({"use": "enc"}, "not for signatures"),
        ({"use": None, "key_ops": ["encrypt"]}, "not for signatures"),
        ({"key_ops": "verify"}, "not for signatures"),
        ({"alg": "HS256"}, "algorithm not allowed"),
        ({"alg": "none"}, "algorithm not allowed"),
        ({"alg": ["RS256"]}, "algorithm not allowed"),
        ({"alg": {"RS256": 1}}, "algorithm not allowed"),
        ({"alg": "RSA-OAEP"}, "algorithm not allowed"),
        ({"kty": "oct"}, "key type not allowed"),
        ({"n": None}, "malformed"),
        ({"n": 65537}, "malformed"),
        ({"n": "a b"}, "malformed"),
        ({"e": "AQ"}, "RSA exponent not allowed"),
        ({"e": "AQAA"}, "RSA exponent not allowed"),
        ({"e": encode_segment(b"\x01" * 40)}, "RSA exponent not allowed"),
        ({"n": encode_segment(b"\xff" * 2048)}, "RSA key of 16384 bits"),
    ],
)
def test_keys_that_are_weak_or_meant_for_something_else_are_left_out(
    key: IssuerKey, changes: dict[str, Any], reason: str
) -> None:
    assert refusal(key.jwk(**changes)) == reason


def test_short_rsa_keys_are_left_out() -> None:
    assert refusal(IssuerKey.make("short", 1024).jwk()) == "RSA key of 1024 bits"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"crv": "P-192"}, "curve not allowed"),
        ({"crv": "secp256k1"}, "curve not allowed"),
        ({"crv": ["P-256"]}, "curve not allowed"),
        ({"crv": {}}, "curve not allowed"),
        ({"crv": "P-384"}, "coordinates of the wrong length"),
        ({"x": "AQAB"}, "coordinates of the wrong length"),
        ({"y": None}, "malformed"),
    ],
)
def test_elliptic_curve_keys_need_a_known_curve_and_whole_points(changes: dict[str, Any], reason: str) -> None:
    assert refusal(ec_jwk(**changes)) == reason


def test_a_point_beside_the_curve_is_an_invalid_token_and_not_a_crash() -> None:
    keys = SigningKeys({"keys": [ec_jwk(y=encode_segment(b"\x01" * 32))]})
    with pytest.raises(InvalidToken):
        keys.find("e", "ES256")


def test_only_a_broken_generators_keys_have_its_fingerprint(key: IssuerKey) -> None:
    assert has_roca_fingerprint(pow(65537, 12345))
    assert not has_roca_fingerprint(key.private.public_key().public_numbers().n)


def test_a_kid_that_occurs_twice_names_no_key(key: IssuerKey, other_key: IssuerKey) -> None:
    keys = SigningKeys({"keys": [key.jwk(), other_key.jwk(kid=key.kid), other_key.jwk()]})
    assert key.kid not in keys
    assert other_key.kid in keys


def test_an_encryption_key_beside_the_signing_key_does_no_harm_and_is_logged(
    key: IssuerKey, other_key: IssuerKey, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        keys = SigningKeys({"keys": [other_key.jwk(use="enc", alg="RSA-OAEP"), key.jwk()]})
    assert key.kid in keys
    assert [(record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("auth.key_ignored", "not for signatures")
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.sampled_from(_WORDS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=2),
    max_leaves=4,
)


@given(changes=st.dictionaries(st.sampled_from(_MEMBERS), _JSON, max_size=4), algorithm=st.sampled_from(_WORDS))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_key_there_is_a_verdict_and_the_keys_beside_it_stay(
    changes: dict[str, Any], algorithm: str
) -> None:
    for odd in ({**_EC, **changes}, {**_RSA, **changes}):
        keys = SigningKeys({"keys": [odd, {**_EC, "kid": "beside"}]})
        assert ("beside" in keys) == (odd["kid"] != "beside")
        with suppress(InvalidToken):
            keys.find("k", algorithm)


def test_a_name_that_is_deeper_than_python_can_print_is_no_name(key: IssuerKey) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert key.kid in SigningKeys({"keys": [key.jwk(kid=deep), key.jwk()]})


@pytest.mark.parametrize("jwks", [None, [], "keys", {}, {"keys": None}, {"keys": [None, 1, "x"]}])
def test_a_document_that_is_no_key_set_holds_no_keys(jwks: object) -> None:
    assert "None" not in SigningKeys(jwks)
    with pytest.raises(InvalidToken):
        SigningKeys(jwks).find("k", "RS256")


@pytest.mark.parametrize(
    ("own", "asked"), [("RS256", "RS512"), ("RS256", "PS256"), ("RS256", "ES256"), (None, "ES256"), (None, "HS256")]
)
def test_a_key_serves_only_its_own_algorithm(key: IssuerKey, own: str | None, asked: str) -> None:
    with pytest.raises(InvalidToken, match="access token") as refused:
        SigningKeys({"keys": [key.jwk(alg=own)]}).find(key.kid, asked)
    assert refused.value.reason == "key and algorithm do not match"


def test_pss_signatures_need_a_salt_as_long_as_the_hash(key: IssuerKey) -> None:
    checker = SigningKeys({"keys": [key.jwk(alg="PS256")]}).find(key.kid, "PS256")

    def signed(salt_bytes: int) -> bytes:
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_bytes)
        return key.private.sign(b"message", pss, hashes.SHA256())

    assert checker.verify(b"message", signed(32))
    assert not checker.verify(b"message", signed(20))
    assert not checker.verify(b"other message", signed(32))
