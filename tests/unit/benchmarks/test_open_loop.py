"""Requests at a fixed pace."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.benchmarks._open_loop import drive

pytestmark = pytest.mark.anyio

REQUEST = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FAREWELL = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"


class Peer(asyncio.Protocol):
    """Answers every request; the first ones are told at once that they waited long enough."""

    def __init__(self, peers: list["Peer"], *, impatient: int) -> None:
        peers.append(self)
        self.requests = 0
        self.is_gone = asyncio.Event()
        self._is_impatient = len(peers) <= impatient

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._is_impatient:
            transport.write(FAREWELL)
            transport.close()

    def data_received(self, data: bytes) -> None:
        requests = data.count(REQUEST)
        self.requests += requests
        self._transport.write(ANSWER * requests)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_gone.set()


@asynccontextmanager
async def server(*, impatient: int = 0) -> AsyncIterator[tuple[int, list[Peer]]]:
    peers: list[Peer] = []
    listening = await asyncio.get_running_loop().create_server(lambda: Peer(peers, impatient=impatient), "127.0.0.1", 0)
    async with listening:
        yield int(listening.sockets[0].getsockname()[1]), peers
        await asyncio.gather(*(peer.is_gone.wait() for peer in peers))


async def test_connections_that_the_server_closed_are_not_used() -> None:
    async with server(impatient=3) as (port, _):
        figures = await drive(port, REQUEST, per_s=400, seconds=0.25, connections=6, settle_s=0.1)
    assert (figures["sent"], figures["statuses"]) == (100, {"200": 100})


async def test_all_connections_are_used_so_that_none_is_idle_for_long() -> None:
    async with server() as (port, peers):
        await drive(port, REQUEST, per_s=200, seconds=0.2, connections=8)
    assert all(peer.requests for peer in peers)
