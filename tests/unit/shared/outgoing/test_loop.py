import asyncio
import socket
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from shared.outgoing import OWN_SERVERS, PUBLIC_ONLY, OutgoingPolicy
from shared.outgoing.loop import GuardedLoop
from tests.support.connection_counter import listening, watching
from tests.support.hostile_urls import resolving

T = TypeVar("T")


class Runner:
    def __init__(self) -> None:
        self._loops: list[asyncio.AbstractEventLoop] = []

    def __call__(self, policy: OutgoingPolicy, work: Coroutine[Any, Any, T]) -> T:
        self._loops.append(GuardedLoop(policy))
        return self._loops[-1].run_until_complete(work)

    def close(self) -> None:
        for loop in self._loops:
            loop.close()


@pytest.fixture
def run() -> Iterator[Runner]:
    runner = Runner()
    yield runner
    runner.close()


async def connect(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket() as one:
        one.setblocking(False)
        await loop.sock_connect(one, (host, port))


async def resolve_and_connect(host: str, port: int) -> None:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    await connect(found[0][4][0], port)


def test_servers_of_our_own_network_are_connected_to(run: Runner) -> None:
    with listening("127.0.0.1") as server, resolving():
        run(OWN_SERVERS, resolve_and_connect("inner.test", server.port))
        run(OutgoingPolicy.parse(["inner.test"]), resolve_and_connect("inner.test", server.port))


def test_names_and_addresses_that_are_not_allowed_are_not_tried(run: Runner) -> None:
    with resolving(), watching() as connects:
        with pytest.raises(socket.gaierror, match="never allowed"):
            run(OWN_SERVERS, resolve_and_connect("metadata.test", 80))
        with pytest.raises(PermissionError, match="never allowed"):
            run(OWN_SERVERS, connect("169.254.169.254", 80))
        with pytest.raises(PermissionError, match="network of our own"):
            run(PUBLIC_ONLY, connect("127.0.0.1", 80))

    assert connects.tried == []
