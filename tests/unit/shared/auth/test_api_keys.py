from datetime import UTC, datetime, timedelta

import pytest

from shared.auth.api_keys import LONGEST_BELIEF_S, REMEMBERED_S, ApiKeyAuthenticator
from shared.auth.models import Identity, Unauthenticated
from shared.database.stores import Stores, memory_stores
from shared.errors import Unavailable
from shared.models.api_key import DEFAULT_LIFETIME, StoredKey, new_key
from shared.models.users import Principal, Role
from tests.support.store_values import an_audit

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
SOMEBODY = Identity(Principal("s", "s@amt.example"))


class Tokens:
    """Stands where access tokens are checked."""

    async def identify(self, token: str | None) -> Identity:
        if token != "a.b.c":
            raise Unauthenticated("no token")
        return SOMEBODY


class Bench:
    """A store with one key, and an authenticator on clocks that the test sets."""

    def __init__(self) -> None:
        self.now, self.seconds = NOW, 100.0
        self.asked: list[str] = []
        self.stores: Stores = memory_stores()
        stored, self.token = new_key(
            "import", [Role.TRAINER], lifetime=DEFAULT_LIFETIME, created_by="anna", now=self.now
        )
        self.key = self.stores.keys.add(stored, audit=an_audit())
        self.authenticator = ApiKeyAuthenticator(
            Tokens(), self._find, clock=lambda: self.now, monotonic=lambda: self.seconds
        )

    def _find(self, key_id: str) -> StoredKey | None:
        self.asked.append(key_id)
        return self.stores.keys.find(key_id)

    def revoke(self) -> None:
        self.stores.keys.revoke(self.key.key_id, by="anna", audit=an_audit())


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_key_is_who_it_is_and_may_what_its_roles_say(bench: Bench) -> None:
    identity = await bench.authenticator.identify(bench.token)

    assert identity.principal.subject == f"key:{bench.key.key_id}"
    assert identity.principal.email == f"import (key {bench.key.key_id})"
    assert identity.principal.roles == {Role.TRAINER}


async def test_what_is_no_key_is_left_to_the_check_of_tokens(bench: Bench) -> None:
    assert await bench.authenticator.identify("a.b.c") == SOMEBODY
    for token in (None, "", "clara_kex_"):
        with pytest.raises(Unauthenticated):
            await bench.authenticator.identify(token)
    assert bench.asked == []


async def test_forged_keys_are_refused(bench: Bench) -> None:
    good = bench.token
    forged = (
        good[:-1],
        good + "A",
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        good.replace(bench.key.key_id, "a" * 16),
        good + "\n",
        good.replace("_", "-"),
        "clara_key_",
        "clara_key_" + "ä" * 60,
        "clara_key_" + "a" * 100_000,
    )
    for token in forged:
        with pytest.raises(Unauthenticated):
            await bench.authenticator.identify(token)


async def test_a_revoked_key_is_refused_within_seconds(bench: Bench) -> None:
    await bench.authenticator.identify(bench.token)
    bench.revoke()
    bench.seconds += REMEMBERED_S

    with pytest.raises(Unauthenticated, match="valid access token"):
        await bench.authenticator.identify(bench.token)


async def test_an_expired_key_is_refused_at_once(bench: Bench) -> None:
    await bench.authenticator.identify(bench.token)
    bench.now = bench.key.expires_at

    with pytest.raises(Unauthenticated):
        await bench.authenticator.identify(bench.token)


async def test_the_database_is_asked_once_in_a_while_and_not_per_request(bench: Bench) -> None:
    for _ in range(50):
        await bench.authenticator.identify(bench.token)
    bench.seconds += REMEMBERED_S
    await bench.authenticator.identify(bench.token)

    assert len(bench.asked) == 2


async def test_uses_are_collected_for_somebody_to_write(bench: Bench) -> None:
    await bench.authenticator.identify(bench.token)
    bench.now += timedelta(minutes=1)
    await bench.authenticator.identify(bench.token)

    assert bench.authenticator.take_uses() == {bench.key.key_id: bench.now}
    assert bench.authenticator.take_uses() == {}


async def test_an_open_connection_is_believed_for_a_while_and_no_longer_than_its_key_lives(bench: Bench) -> None:
    first = await bench.authenticator.identify(bench.token)
    bench.now = bench.key.expires_at - timedelta(minutes=1)
    last = await bench.authenticator.identify(bench.token)

    assert first.expires_at == NOW.timestamp() + LONGEST_BELIEF_S
    assert last.expires_at == bench.key.expires_at.timestamp()


async def test_before_the_database_is_open_a_key_is_neither_good_nor_bad() -> None:
    with pytest.raises(Unavailable):
        await ApiKeyAuthenticator(Tokens()).identify(Bench().token)
