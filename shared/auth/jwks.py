"""The issuer's published keys: fetched when needed, at most once per interval, kept while the issuer is away."""

import asyncio
import functools
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from shared.errors import Unavailable
from shared.outgoing import PUBLIC_ONLY, OutgoingPolicy

if TYPE_CHECKING:
    from shared.auth.keys import SigningKeys

logger = logging.getLogger(__name__)

MAX_DOCUMENT_BYTES = 256 * 1024


class KeysUnavailable(Unavailable):
    """No key of the issuer is known and none can be fetched now: we cannot tell good tokens from forged ones."""

    code = "keys_unavailable"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(
            "Access tokens cannot be checked now, because the keys of the identity provider cannot be fetched. "
            "Try again later; an administrator should check that the provider is up and its address is right.",
            retry_after_s=retry_after_s,
        )


class KeySource(Protocol):
    """Where the verifier gets its keys; `generation` grows whenever earlier verdicts may no longer hold."""

    @property
    def generation(self) -> int:
        """Version of the key set."""
        ...

    def keep_fresh(self) -> None:
        """Called before an earlier verdict is used, so that withdrawn keys are noticed although no key is asked for."""
        ...

    async def keys_for(self, kid: str) -> "SigningKeys":
        """The key set to look `kid` up in.

        Raises:
            Unavailable: If there is none to be had.
        """
        ...


class FixedKeys:
    """Keys that are given once, such as the local test key."""

    generation = 0

    def __init__(self, jwks: object) -> None:
        self._jwks = jwks
        self._keys: SigningKeys | None = None

    def keep_fresh(self) -> None:
        """Nothing to do: they never change."""

    async def keys_for(self, kid: str) -> "SigningKeys":
        """The one key set, whatever the `kid`."""
        if self._keys is None:
            from shared.auth.keys import SigningKeys

            self._keys = SigningKeys(self._jwks)
        return self._keys


class RemoteKeys:
    """Keys of a JWKS address.

    Unknown kids (rotation, or an attacker) and age lead to a fetch, but never to more than one per `min_interval_s`;
    after failures in a row the pauses double, up to `max_pause_s`. Old keys are fetched anew beside the requests that
    use them. While the issuer is away known keys go on being used for `max_stale_s`.

    Args:
        url: The JWKS document.
        outgoing: What may be connected to.
        fetch: Gets the document's JSON; replaced in tests that need no server.
        min_interval_s: Least seconds between two fetches, failed ones included.
        max_pause_s: Longest pause after failures.
        max_age_s: A key that the issuer withdrew disappears within this time; from half of it on keys are fetched anew.
        max_stale_s: Without a successful fetch for so long, nothing is trusted any more.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        url: str,
        *,
        outgoing: OutgoingPolicy = PUBLIC_ONLY,
        fetch: Callable[[str], Awaitable[Any]] | None = None,
        min_interval_s: float = 30,
        max_pause_s: float = 120,
        max_age_s: float = 600,
        max_stale_s: float = 86_400,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.generation = 0
        self._url = url
        self._fetch = fetch or functools.partial(fetch_document, outgoing=outgoing)
        self._min_interval_s = min_interval_s
        self._max_pause_s = max_pause_s
        self._max_age_s = max_age_s
        self._max_stale_s = max_stale_s
        self._monotonic = monotonic
        self._keys: SigningKeys | None = None
        self._document: object = None
        self._fetched_at = -math.inf
        self._attempted_at = -math.inf
        self._failures = 0
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    def keep_fresh(self) -> None:
        """Fetch keys that get old, without anybody waiting for it; forget those that are too old to be trusted."""
        if self._keys is None:
            return
        if self._age_s() > self._max_stale_s:
            self._keys, self._document = None, None
            self.generation += 1
        elif self._age_s() > self._max_age_s / 2 and self._pause_left_s() <= 0 and not self._lock.locked():
            self._refreshing = asyncio.create_task(self._refresh())

    async def keys_for(self, kid: str) -> "SigningKeys":
        """The newest key set we have, after a fetch if `kid` is unknown or the set is old.

        Raises:
            KeysUnavailable: If there never was a set, or none for `max_stale_s`.
        """
        is_known = self._keys is not None and kid in self._keys
        # Whoever knows the key need not wait for somebody else's slow refresh, nor for an issuer that is away.
        is_due = self._age_s() > self._max_age_s and not self._lock.locked() and not self._failures
        if not is_known or is_due:
            await self._refresh()
        self.keep_fresh()
        if self._keys is None:
            raise KeysUnavailable(max(1, math.ceil(self._pause_left_s())))
        return self._keys

    def _age_s(self) -> float:
        return self._monotonic() - self._fetched_at

    def _pause_left_s(self) -> float:
        """Seconds until the issuer may be asked again."""
        doubled = 2.0 ** min(max(self._failures - 1, 0), 16)
        pause_s = max(self._min_interval_s, min(self._min_interval_s * doubled, self._max_pause_s))
        return self._attempted_at + pause_s - self._monotonic()

    async def _refresh(self) -> None:
        async with self._lock:
            if self._pause_left_s() > 0:
                return
            self._attempted_at = self._monotonic()
            try:
                self._take(await self._fetch(self._url))
            except Unavailable as exc:
                self._failures += 1
                logger.warning("auth.jwks_unreachable", extra={"url": self._url, "reason": exc.message})
            except Exception:  # whatever a document does to us: the keys before it must not look fresh
                self._failures += 1
                logger.exception("auth.jwks_unusable", extra={"url": self._url})

    def _take(self, document: object) -> None:
        """Trust the keys of a document, and count their age from now; if anything fails, nothing is changed."""
        if document != self._document:
            from shared.auth.keys import SigningKeys

            self._keys, self._document = SigningKeys(document), document
            self.generation += 1
            logger.info("auth.jwks_loaded", extra={"url": self._url, "generation": self.generation})
        self._failures, self._fetched_at = 0, self._monotonic()


async def fetch_document(url: str, *, outgoing: OutgoingPolicy = PUBLIC_ONLY, timeout_s: float = 3.0) -> Any:
    """JSON from `url`, bounded in time and size, without following redirects.

    Raises:
        Unavailable: If it cannot be had or is not a JSON object with a list of keys.
    """
    import httpx

    from shared.outgoing.transport import AddressNotAllowed, AsyncGuardedTransport

    transport = AsyncGuardedTransport(outgoing)
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(transport=transport, timeout=timeout_s, trust_env=False) as client,
            client.stream("GET", url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise Unavailable(f"the key server answered {response.status_code}")
            document = json.loads(await _bounded_body(response))
    except AddressNotAllowed as exc:
        raise Unavailable(f"the key server must not be connected to: {exc}") from exc
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as exc:
        raise Unavailable(f"the key server cannot be reached ({type(exc).__name__})") from exc
    except (ValueError, RecursionError) as exc:
        raise Unavailable("the key server sent no JSON") from exc
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise Unavailable("the key server sent no key set")
    return document


async def _bounded_body(response: Any) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_DOCUMENT_BYTES:
            raise Unavailable(f"the key server sent more than {MAX_DOCUMENT_BYTES} bytes")
    return bytes(body)
