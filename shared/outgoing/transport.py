"""httpx transports that resolve a name once, check every address it has, and connect to what was checked.

Nobody can change the answer of the resolver between check and connection, and a redirect that a client follows is one
more connection, so it is checked as the first one was. Proxies of the environment are not used: they would connect for
us, where we cannot look.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore
import httpx

from shared.outgoing.plain_text import note_plain_text
from shared.outgoing.policy import AddressRefused, OutgoingPolicy, literal_address
from shared.outgoing.resolving import resolved

SocketOptions = Iterable[Any] | None


class AddressNotAllowed(httpx.ConnectError):
    """`AddressRefused` as the family that callers of httpx expect; the message says why."""


class GuardedTransport(httpx.HTTPTransport):
    """For `httpx.Client(transport=…, trust_env=False)`.

    Args:
        policy: What may be connected to.
        verify: Whether servers of https addresses must show a good certificate.
        limits: Of the connection pool.
    """

    def __init__(self, policy: OutgoingPolicy, *, verify: bool = True, limits: httpx.Limits | None = None) -> None:
        certificates = httpx.create_ssl_context(verify=verify)
        super().__init__(verify=certificates, trust_env=False)
        self._policy = policy
        # httpx has no parameter for this; the pool is httpcore's, with the arguments that httpx would give it
        self._pool = httpcore.ConnectionPool(certificates, network_backend=_Backend(policy), **_bounds(limits))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send, if the address may be sent to."""
        try:
            self._policy.check_url(str(request.url))
            response = super().handle_request(request)
        except AddressRefused as exc:
            raise AddressNotAllowed(exc.message, request=request) from exc
        _note(request)
        return response


class AsyncGuardedTransport(httpx.AsyncHTTPTransport):
    """For `httpx.AsyncClient(transport=…, trust_env=False)`; arguments as those of `GuardedTransport`."""

    def __init__(self, policy: OutgoingPolicy, *, verify: bool = True, limits: httpx.Limits | None = None) -> None:
        certificates = httpx.create_ssl_context(verify=verify)
        super().__init__(verify=certificates, trust_env=False)
        self._policy = policy
        self._pool = httpcore.AsyncConnectionPool(
            certificates, network_backend=_AsyncBackend(policy), **_bounds(limits)
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, if the address may be sent to."""
        try:
            self._policy.check_url(str(request.url))
            response = await super().handle_async_request(request)
        except AddressRefused as exc:
            raise AddressNotAllowed(exc.message, request=request) from exc
        _note(request)
        return response


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses, never to names."""

    def __init__(self, policy: OutgoingPolicy) -> None:
        self._policy = policy
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers."""
        try:
            addresses = resolved(self._policy, host, port)
        except OSError as exc:
            raise httpcore.ConnectError(str(exc)) from exc
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            try:
                return self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """The same in an event loop."""

    def __init__(self, policy: OutgoingPolicy) -> None:
        self._policy = policy
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers."""
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in self._policy.checked(host, await _resolved(host, port, timeout)):
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure or httpcore.ConnectError(f"{host} has no address")


def _note(request: httpx.Request) -> None:
    if request.url.scheme == "http":
        note_plain_text("http", request.url.host)


async def _resolved(host: str, port: int, timeout_s: float | None) -> Sequence[str]:
    if literal_address(host) is not None:
        return [host]
    try:
        async with asyncio.timeout(timeout_s):
            entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as exc:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from exc
    except OSError as exc:
        raise httpcore.ConnectError(str(exc)) from exc
    return [str(entry[4][0]) for entry in entries]


def _bounds(limits: httpx.Limits | None) -> dict[str, Any]:
    wanted = limits or httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=5.0)
    return {
        "max_connections": wanted.max_connections,
        "max_keepalive_connections": wanted.max_keepalive_connections,
        "keepalive_expiry": wanted.keepalive_expiry,
    }
