import asyncio
import functools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.auth.jwks import FixedKeys, KeysUnavailable, RemoteKeys, fetch_document
from shared.errors import Unavailable
from tests.support.issuer import IssuerKey, KeyServer, key_server
from tests.support.loopback import LOOPBACK

pytestmark = pytest.mark.anyio


class Monotonic:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def server(key: IssuerKey) -> Iterator[KeyServer]:
    with key_server(key.jwks()) as running:
        yield running


@pytest.fixture
def monotonic() -> Monotonic:
    return Monotonic()


@pytest.fixture
def keys(server: KeyServer, monotonic: Monotonic) -> RemoteKeys:
    return RemoteKeys(server.url, outgoing=LOOPBACK, monotonic=monotonic)


@pytest.fixture
def patient(server: KeyServer, monotonic: Monotonic) -> RemoteKeys:
    """Whoever waits for its fetch waits until a held server is let go: nobody comes back by a timeout."""
    fetch = functools.partial(fetch_document, outgoing=LOOPBACK, timeout_s=600)
    return RemoteKeys(server.url, fetch=fetch, monotonic=monotonic)


@asynccontextmanager
async def held(server: KeyServer) -> AsyncIterator[None]:
    """The server takes requests and answers none until the block is left; what waits for an answer in it fails."""
    server.may_answer.clear()
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        server.may_answer.set()


async def until_asked(server: KeyServer, hits: int) -> None:
    """Wait until the server has got so many requests."""
    async with asyncio.timeout(30):
        while server.hits < hits:
            await asyncio.sleep(0.005)


async def test_keys_are_fetched_once_for_many_requests_at_the_same_time(
    keys: RemoteKeys, server: KeyServer, key: IssuerKey
) -> None:
    server.delay_s = 0.05
    sets = await asyncio.gather(*(keys.keys_for(key.kid) for _ in range(50)))
    assert all(key.kid in found for found in sets)
    assert server.hits == 1


async def test_a_new_key_is_found_as_soon_as_the_interval_allows(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey, other_key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    generation = keys.generation
    server.document = {"keys": [key.jwk(), other_key.jwk()]}
    monotonic.now_s = 29
    assert other_key.kid not in await keys.keys_for(other_key.kid)
    monotonic.now_s = 31
    found = await keys.keys_for(other_key.kid)
    assert key.kid in found
    assert other_key.kid in found
    assert keys.generation > generation


async def test_a_thousand_unknown_kids_cost_one_fetch_per_half_minute(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    for number in range(1000):
        monotonic.now_s = number * 0.06
        await keys.keys_for(f"unknown-{number}")
    assert server.hits == 1 + 1


async def test_a_withdrawn_key_disappears_after_ten_minutes_at_the_latest(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey, other_key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    server.document = other_key.jwks()
    monotonic.now_s = 601
    assert key.kid not in await keys.keys_for(key.kid)


async def test_an_unchanged_document_keeps_the_generation(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    monotonic.now_s = 601
    await keys.keys_for(key.kid)
    assert (keys.generation, server.hits) == (1, 2)


async def test_cold_and_unreachable_means_unavailable_and_is_not_tried_again_at_once(
    monotonic: Monotonic, key: IssuerKey
) -> None:
    with key_server(key.jwks()) as server:
        server.status = 500
        keys = RemoteKeys(server.url, outgoing=LOOPBACK, monotonic=monotonic)
        for _ in range(20):
            with pytest.raises(KeysUnavailable) as refused:
                await keys.keys_for(key.kid)
        assert refused.value.context["retry_after_s"] == 30
        assert server.hits == 1
        server.status, monotonic.now_s = 200, 30
        assert key.kid in await keys.keys_for(key.kid)


async def test_pauses_double_with_every_failure_in_a_row_up_to_two_minutes(
    monotonic: Monotonic, server: KeyServer, key: IssuerKey, keys: RemoteKeys
) -> None:
    server.status = 500
    asked_at = []
    for second in range(600):
        monotonic.now_s, hits = second, server.hits
        with pytest.raises(KeysUnavailable) as refused:
            await keys.keys_for(key.kid)
        if server.hits > hits:
            asked_at.append(second)
        assert 1 <= int(str(refused.value.context["retry_after_s"])) <= 120
    assert asked_at == [0, 30, 90, 210, 330, 450, 570]
    server.status, monotonic.now_s = 200, 690
    assert key.kid in await keys.keys_for(key.kid)
    # success ends the long pauses
    monotonic.now_s = 720
    await keys.keys_for("unknown")
    assert server.hits == len(asked_at) + 2


async def test_old_keys_are_fetched_beside_the_requests_that_use_them(
    patient: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey, other_key: IssuerKey
) -> None:
    await patient.keys_for(key.kid)
    server.document, monotonic.now_s = other_key.jwks(), 301
    async with held(server):
        for _ in range(20):
            assert key.kid in await patient.keys_for(key.kid)
        await until_asked(server, 2)
        assert key.kid in await patient.keys_for(key.kid)
    # who does not know the key waits for the fetch that is under way
    assert other_key.kid in await patient.keys_for(other_key.kid)
    assert server.hits == 2


async def test_during_an_outage_nobody_who_has_a_known_key_waits(
    patient: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey
) -> None:
    await patient.keys_for(key.kid)
    server.status, monotonic.now_s = 503, 601
    await patient.keys_for(key.kid)
    monotonic.now_s = 700
    async with held(server):
        for _ in range(20):
            assert key.kid in await patient.keys_for(key.kid)
        await until_asked(server, 3)
        assert key.kid in await patient.keys_for(key.kid)
    await patient.keys_for("unknown")
    assert server.hits == 3


async def test_known_keys_outlive_an_outage_of_a_day_and_no_longer(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    server.status = 503
    monotonic.now_s = 86_399
    assert key.kid in await keys.keys_for(key.kid)
    monotonic.now_s = 86_500
    with pytest.raises(KeysUnavailable):
        await keys.keys_for(key.kid)


async def test_who_knows_the_key_does_not_wait_for_a_slow_refresh(
    patient: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey
) -> None:
    await patient.keys_for(key.kid)
    monotonic.now_s = 601
    async with held(server):
        refreshing = asyncio.create_task(patient.keys_for(key.kid))
        await until_asked(server, 2)
        assert key.kid in await patient.keys_for(key.kid)
        assert not refreshing.done()
    assert key.kid in await refreshing


async def test_a_key_server_that_never_answers_is_given_up(server: KeyServer) -> None:
    async with held(server):
        with pytest.raises(Unavailable, match="cannot be reached"):
            await fetch_document(server.url, outgoing=LOOPBACK, timeout_s=0.2)


async def test_a_set_with_one_malformed_key_replaces_the_set_before_it(
    keys: RemoteKeys, server: KeyServer, monotonic: Monotonic, key: IssuerKey, other_key: IssuerKey
) -> None:
    await keys.keys_for(key.kid)
    server.document = {"keys": [key.jwk(kid="odd", alg=["RS256"]), other_key.jwk()]}
    monotonic.now_s = 601
    found = await keys.keys_for(key.kid)
    assert key.kid not in found
    assert "odd" not in found
    assert other_key.kid in found


class Poison(dict[str, Any]):
    """A document that breaks whoever reads it."""

    def get(self, *_: Any) -> Any:
        raise ZeroDivisionError


async def test_a_document_that_cannot_be_read_is_a_failure_and_makes_no_older_key_look_fresh(
    monotonic: Monotonic, key: IssuerKey
) -> None:
    asked_at: list[float] = []

    async def fetch(_: str) -> Any:
        asked_at.append(monotonic.now_s)
        return key.jwks() if len(asked_at) == 1 else Poison(keys=[])

    keys = RemoteKeys("https://login.example/certs", fetch=fetch, monotonic=monotonic)
    for second in range(0, 86_401, 400):
        monotonic.now_s = second
        assert key.kid in await keys.keys_for(key.kid)
        await asyncio.sleep(0)
    # pauses grow as they do for a server that is away: it was asked at every turn, and nothing was believed
    assert len(asked_at) > 200
    monotonic.now_s = 86_401
    with pytest.raises(KeysUnavailable):
        await keys.keys_for(key.kid)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"<html>", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        ([], "no key set"),
        ({"keys": {}}, "no key set"),
        (b" " * 300_000, "more than 262144 bytes"),
    ],
)
async def test_answers_that_are_no_key_set_are_not_used(server: KeyServer, document: Any, reason: str) -> None:
    server.document = document
    with pytest.raises(Unavailable, match=reason):
        await fetch_document(server.url, outgoing=LOOPBACK)


async def test_redirects_are_not_followed(server: KeyServer) -> None:
    server.status, server.headers = 302, {"Location": server.url}
    with pytest.raises(Unavailable, match="answered 302"):
        await fetch_document(server.url, outgoing=LOOPBACK)
    assert server.hits == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/certs", "nonsense", "http://[", "ftp://host/certs", ""])
async def test_addresses_that_lead_nowhere_are_an_unavailable_key_server(url: str) -> None:
    with pytest.raises(Unavailable):
        await fetch_document(url, outgoing=LOOPBACK)


async def test_fixed_keys_are_the_same_for_every_kid(key: IssuerKey) -> None:
    keys = FixedKeys(key.jwks())
    assert key.kid in await keys.keys_for("another")
    assert await keys.keys_for("a") is await keys.keys_for("b")
