"""Requests that end in time, whatever the server does: the time-outs of an HTTP client hold per read, not in total.

A thread of its own runs an event loop, where a request can be given up at any point: while a name is resolved, while a
server takes connections and says nothing, while it sends a byte now and then.
"""

import asyncio
import os
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from shared.outgoing import OWN_SERVERS
from shared.outgoing.web_addresses import is_plain_text

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
# pouchdb-server hangs up after five idle seconds, CouchDB after minutes
_KEEP_IDLE_S = 3.0
_CONNECTIONS = 16
# the loop's own bound answers first; this one only guards against a loop that died
_GRACE_S = 5.0


class Deadline:
    """A moment by which everything has to be over, shared by the requests of one call."""

    def __init__(self, within_s: float) -> None:
        self.within_s = within_s
        self._ends = time.monotonic() + within_s

    @property
    def left_s(self) -> float:
        """Seconds left; 0 if it has passed."""
        return max(0.0, self._ends - time.monotonic())


@dataclass(frozen=True, slots=True)
class Parcel:
    """What came back: status and undecoded body."""

    status: int
    body: bytes


class Courier:
    """Carries requests to one server; threads share it, and a forked process makes a loop of its own.

    Args:
        base_url: Without credentials.
        headers: Sent with every request.
    """

    def __init__(self, base_url: str, headers: dict[str, str]) -> None:
        self._base_url = base_url
        self._headers = headers
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: httpx.AsyncClient | None = None
        self._owner = 0

    def carry(
        self, method: str, path: str, *, params: dict[str, str], content: bytes | None, until: Deadline
    ) -> Parcel:
        """Send and wait.

        Raises:
            TimeoutError: If the deadline passed.
            httpx.HTTPError: If there was no whole answer.
        """
        return self._run(self._send(method, path, params, content, until), within_s=until.left_s + _GRACE_S)

    def close(self) -> None:
        """End the thread and its connections; the next request starts anew."""
        with self._lock:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop is None or thread is None or self._owner != os.getpid():
            return
        if client is not None:
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(_GRACE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_GRACE_S)
        loop.close()

    async def _send(
        self, method: str, path: str, params: dict[str, str], content: bytes | None, until: Deadline
    ) -> Parcel:
        import httpx

        client = self._client_in_loop()
        async with asyncio.timeout(until.left_s):
            try:
                answer = await client.request(method, path, params=params, content=content)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # the server may have hung up while the connection was idle; what we send bears being repeated
                answer = await client.request(method, path, params=params, content=content)
        return Parcel(answer.status_code, answer.content)

    def _client_in_loop(self) -> "httpx.AsyncClient":
        import httpx

        from shared.outgoing.transport import AsyncGuardedTransport

        if self._client is None:
            limits = httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEEP_IDLE_S)
            # loading authorities takes time that plain HTTP can save
            is_tls = not is_plain_text(self._base_url)
            # no proxies and no .netrc of the environment: the server is one of ours; the time is bounded around it
            self._client = httpx.AsyncClient(
                base_url=self._base_url,
                headers=self._headers,
                timeout=httpx.Timeout(None),
                transport=AsyncGuardedTransport(OWN_SERVERS, verify=is_tls, limits=limits),
                trust_env=False,
            )
        return self._client

    def _run(self, work: Coroutine[Any, Any, T], *, within_s: float) -> T:
        with self._lock:
            loop = self._loop
            if loop is None or self._owner != os.getpid():
                loop = self._loop = self._started()
        return asyncio.run_coroutine_threadsafe(work, loop).result(within_s)

    def _started(self) -> asyncio.AbstractEventLoop:
        self._client, self._owner = None, os.getpid()
        loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=loop.run_forever, name="couchdb", daemon=True)
        self._thread.start()
        return loop
