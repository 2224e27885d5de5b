import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from jose import jwk as jose_jwk  # type: ignore[import-untyped]

from shared.auth.jwks import FixedKeys, KeysUnavailable, RemoteKeys
from shared.auth.jws import InvalidToken, encode_segment
from shared.auth.tokens import TokenVerifier, verify_jws
from shared.errors import Unavailable
from shared.models.users import Role
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey, good_claims

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000


def verifier(key: IssuerKey, clock: Callable[[], float] = lambda: NOW, **changes: Any) -> TokenVerifier:
    options = {"issuer": ISSUER, "audience": AUDIENCE, **changes}
    return TokenVerifier(FixedKeys(key.jwks()), clock=clock, **options)


async def test_a_good_token_gives_its_subject_address_and_known_roles(key: IssuerKey) -> None:
    identity = await verifier(key).verify(key.token(now=NOW))
    assert identity.principal.subject == "5f0c-anna"
    assert identity.principal.email == "anna@stadt.example"
    assert identity.principal.roles == {Role.TRAINER}
    assert identity.expires_at == NOW + 300


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"realm_access": {"roles": ["admin", "Admin", "ADMIN ", "trainer\n"]}}, {Role.ADMIN}),
        ({"realm_access": {"roles": []}, "roles": ["admin"]}, set()),
        ({"realm_access": {}, "resource_access": {AUDIENCE: {"roles": ["admin"]}}}, set()),
    ],
)
async def test_roles_come_only_from_realm_access_and_only_by_exact_name(
    key: IssuerKey, claims: dict[str, Any], roles: set[Role]
) -> None:
    assert (await verifier(key).verify(key.token(now=NOW, **claims))).principal.roles == roles


@pytest.mark.parametrize("email", [None, "", 7, "x" * 255])
async def test_without_a_usable_address_the_subject_is_shown(key: IssuerKey, email: object) -> None:
    assert (await verifier(key).verify(key.token(now=NOW, email=email))).principal.email == "5f0c-anna"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": ISSUER + "/"}, "wrong issuer"),
        ({"iss": None}, "wrong issuer"),
        ({"aud": "account"}, "wrong audience"),
        ({"aud": []}, "wrong audience"),
        ({"aud": AUDIENCE + "x"}, "wrong audience"),
        ({"aud": {AUDIENCE: 1}}, "wrong audience"),
        ({"typ": "ID"}, "not an access token"),
        ({"typ": "Refresh"}, "not an access token"),
        ({"typ": "bearer"}, "not an access token"),
        ({"sub": ""}, "no subject"),
        ({"sub": 7}, "no subject"),
        ({"sub": "x" * 256}, "no subject"),
        ({"exp": NOW}, "expired"),
        ({"exp": NOW - 1, "iat": NOW - 100}, "expired"),
        ({"exp": str(NOW + 300)}, "exp missing or not a whole number"),
        ({"exp": True}, "exp missing or not a whole number"),
        ({"exp": NOW + 300.5}, "exp missing or not a whole number"),
        ({"exp": 10**400}, "lifetime not allowed"),
        ({"exp": NOW + 24 * 3600 + 1}, "lifetime not allowed"),
        ({"iat": NOW + 31}, "issued in the future"),
        ({"iat": None}, "iat missing or not a whole number"),
        ({"nbf": NOW + 31}, "not valid yet"),
        ({"nbf": "soon"}, "nbf missing or not a whole number"),
        ({"realm_access": []}, "realm_access.roles is not a list of names"),
        ({"realm_access": {"roles": "admin"}}, "realm_access.roles is not a list of names"),
        ({"realm_access": {"roles": [["admin"]]}}, "realm_access.roles is not a list of names"),
        ({"deep": [[[[[[[[[1]]]]]]]]]}, "nested deeper than 8"),
    ],
)
async def test_every_broken_claim_is_refused_with_its_reason(
    key: IssuerKey, claims: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidToken) as refused:
        await verifier(key).verify(key.token(now=NOW, **claims))
    assert refused.value.reason == reason


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "typ", "iat", "exp"])
async def test_every_required_claim_is_missed(key: IssuerKey, claim: str) -> None:
    with pytest.raises(InvalidToken):
        await verifier(key).verify(key.token(now=NOW, without=claim))


@pytest.mark.parametrize("odd", ["\x00", "x\ud800", "\udfffx"])
@pytest.mark.parametrize("claim", ["sub", "email", "name", "preferred_username"])
async def test_texts_that_no_database_stores_are_refused_wherever_they_stand(
    key: IssuerKey, claim: str, odd: str
) -> None:
    for claims in ({claim: odd}, {"address": {"lines": [{odd: claim}]}}):
        with pytest.raises(InvalidToken) as refused:
            await verifier(key).verify(key.token(now=NOW, **claims))
        assert refused.value.reason == "holds what no database stores"


async def test_a_pair_of_halves_is_one_character(key: IssuerKey) -> None:
    token = key.token(now=NOW, email="\U0001f600@stadt.example")
    assert (await verifier(key).verify(token)).principal.email == "\U0001f600@stadt.example"


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b'{"iss":"a","iss":"b"}', b"\xff", b"{"])
async def test_a_signed_payload_that_is_no_strict_object_is_refused(key: IssuerKey, payload: bytes) -> None:
    with pytest.raises(InvalidToken):
        await verifier(key).verify(key.sign(payload))


async def test_clocks_may_differ_by_half_a_minute_for_the_issue_time_only(key: IssuerKey) -> None:
    assert await verifier(key).verify(key.token(now=NOW, iat=NOW + 30, nbf=NOW + 30))


def _forged_with(key: IssuerKey, algorithm: str, secret: bytes) -> str:
    """A token signed with the public key as an HMAC secret (CVE-2016-10555, CVE-2026-85394)."""
    header = encode_segment(json.dumps({"alg": algorithm, "kid": key.kid}).encode())
    signing_input = f"{header}.{encode_segment(json.dumps(good_claims(NOW)).encode())}"
    oct_key = jose_jwk.construct({"kty": "oct", "k": encode_segment(secret)}, "HS256")
    return f"{signing_input}.{encode_segment(oct_key.sign(signing_input.encode()))}"


@pytest.mark.parametrize("algorithms", [("RS256",), ("RS256", "HS256"), ("HS256", "none")])
@pytest.mark.parametrize("claimed", ["HS256", "none", "None", "RS256"])
async def test_symmetric_tokens_are_refused_even_if_somebody_configures_them(
    key: IssuerKey, algorithms: tuple[str, ...], claimed: str
) -> None:
    token = _forged_with(key, claimed, key.public_pem)
    with pytest.raises(InvalidToken):
        await verifier(key, algorithms=algorithms).verify(token)
    with pytest.raises(InvalidToken):
        verify_jws(token, key.jwks(), algorithms)


async def test_somebody_elses_signature_under_our_kid_is_refused(key: IssuerKey, other_key: IssuerKey) -> None:
    forged = IssuerKey(key.kid, other_key.private).token(now=NOW)
    with pytest.raises(InvalidToken) as refused:
        await verifier(key).verify(forged)
    assert refused.value.reason == "signature does not match"


async def test_a_changed_payload_is_refused(key: IssuerKey) -> None:
    header, _, signature = key.token(now=NOW).split(".")
    payload = encode_segment(json.dumps({**good_claims(NOW), "realm_access": {"roles": ["admin"]}}).encode())
    with pytest.raises(InvalidToken):
        await verifier(key).verify(f"{header}.{payload}.{signature}")


async def test_a_token_seen_before_is_not_checked_again_until_it_ends(key: IssuerKey) -> None:
    now = float(NOW)
    checked = verifier(key, clock=lambda: now)
    token = key.token(now=NOW, exp=NOW + 120)
    first = await checked.verify(token)
    for _ in range(1000):
        assert await checked.verify(token) is first
    now = NOW + 120
    with pytest.raises(InvalidToken) as refused:
        await checked.verify(token)
    assert refused.value.reason == "expired"


async def test_a_key_withdrawn_by_the_issuer_is_noticed_although_every_token_is_remembered(
    key: IssuerKey, other_key: IssuerKey
) -> None:
    document, monotonic = key.jwks(), 0.0

    async def fetch(_: str) -> Any:
        return document

    keys = RemoteKeys("https://keys", fetch=fetch, monotonic=lambda: monotonic)
    checked = TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    token = key.token(now=NOW, exp=NOW + 3600)
    first = await checked.verify(token)
    document, monotonic = other_key.jwks(), 299.0
    assert await checked.verify(token) is first
    monotonic = 301.0
    assert await checked.verify(token) is first  # nobody waits for the keys that are fetched beside
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(InvalidToken) as refused:
        await checked.verify(token)
    assert refused.value.reason == "unknown kid"


async def test_a_verdict_does_not_outlive_the_trust_in_the_keys(key: IssuerKey) -> None:
    monotonic, is_away = 0.0, False

    async def fetch(_: str) -> Any:
        if is_away:
            raise Unavailable("away")
        return key.jwks()

    keys = RemoteKeys("https://keys", fetch=fetch, monotonic=lambda: monotonic)
    checked = TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    token = key.token(now=NOW, exp=NOW + 3600)
    await checked.verify(token)
    is_away, monotonic = True, 86_401.0
    with pytest.raises(KeysUnavailable):
        await checked.verify(token)


async def test_verdicts_fall_with_the_key_that_they_rest_on(key: IssuerKey, other_key: IssuerKey) -> None:
    document, monotonic = key.jwks(), 0.0

    async def fetch(_: str) -> Any:
        return document

    keys = RemoteKeys("https://keys", fetch=fetch, monotonic=lambda: monotonic)
    checked = TokenVerifier(keys, issuer=ISSUER, audience=AUDIENCE, clock=lambda: NOW)
    token = key.token(now=NOW)
    assert await checked.verify(token)
    document, monotonic = other_key.jwks(), 31.0
    assert await checked.verify(other_key.token(now=NOW))  # unknown kid: the keys are fetched anew
    with pytest.raises(InvalidToken) as refused:
        await checked.verify(token)
    assert refused.value.reason == "unknown kid"


async def test_the_memory_of_good_tokens_is_bounded(key: IssuerKey) -> None:
    checked = verifier(key, max_remembered=2)
    first, *others = (key.token(now=NOW, jti=str(number)) for number in range(3))
    remembered = await checked.verify(first)
    for token in others:
        await checked.verify(token)
    assert await checked.verify(first) is not remembered
