"""A service whose key server rotates, lies, is slow or away, and whose hours pass at once."""

import statistics
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import APIRouter

from shared.auth.authenticators import TokenAuthenticator
from shared.auth.jwks import RemoteKeys, fetch_document
from shared.auth.policies import CurrentPrincipal
from shared.auth.tokens import TokenVerifier
from tests.support.issuer import AUDIENCE, ISSUER, IssuerKey, KeyServer, key_server
from tests.support.live_server import live_server
from tests.support.loopback import LOOPBACK
from tests.support.services import small_app

router = APIRouter()


@router.get("/name")
async def name(principal: CurrentPrincipal) -> str:
    """Who calls."""
    return principal.subject


@dataclass
class KeyedService:
    """The running service.

    Args:
        client: Calls it.
        keys: What the key server answers.
        now_s: The service's monotonic clock.
        fetches_at: When it asked the key server, by that clock.
    """

    client: httpx.Client
    keys: KeyServer
    now_s: float = 0.0
    fetches_at: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)

    def call(self, token: str, *, at_s: float | None = None) -> httpx.Response:
        """Call with a token, at a time."""
        self.now_s = self.now_s if at_s is None else at_s
        answer = self.client.get("/name", headers={"Authorization": f"Bearer {token}"})
        self.answers[answer.status_code] += 1
        return answer

    def call_at_once(self, tokens: list[str]) -> list[httpx.Response]:
        """Call with each token at the same time."""
        with ThreadPoolExecutor(len(tokens)) as pool:
            headers = [{"Authorization": f"Bearer {token}"} for token in tokens]
            return list(pool.map(lambda each: self.client.get("/name", headers=each), headers))

    def p95_ms(self, token: str, calls: int) -> float:
        """The 95th percentile of some calls with a token."""
        took = []
        for _ in range(calls):
            started = time.perf_counter()
            self.call(token)
            took.append(time.perf_counter() - started)
        return round(statistics.quantiles(took, n=20)[-1] * 1000, 1)

    def settle(self) -> None:
        """Wait until a fetch beside the requests is through."""
        time.sleep(0.1 + self.keys.delay_s)

    def closest_fetches_s(self) -> float | None:
        """Least distance of two fetches; None if there was one at most."""
        pairs = zip(self.fetches_at, self.fetches_at[1:], strict=False)
        return min((later - earlier for earlier, later in pairs), default=None)


@contextmanager
def keyed_service(key: IssuerKey) -> Iterator[KeyedService]:
    """A service that has asked for no keys yet; the key server publishes `key`."""
    with key_server(key.jwks()) as keys:

        async def fetch(url: str) -> Any:
            state.fetches_at.append(state.now_s)
            return await fetch_document(url, outgoing=LOOPBACK)

        remote = RemoteKeys(keys.url, fetch=fetch, monotonic=lambda: state.now_s)
        verifier = TokenVerifier(remote, issuer=ISSUER, audience=AUDIENCE)
        app = small_app([router], authenticator=TokenAuthenticator(verifier))
        with live_server(app) as base, httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
            state = KeyedService(client, keys)
            yield state
