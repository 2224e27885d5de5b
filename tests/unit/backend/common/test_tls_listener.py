"""Strangers who open connections to a TLS listener and never shake hands, and those who do."""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from backend.common.limits import ConnectionLimits
from backend.common.tls import TlsFiles
from tests.support.certificates import Authority
from tests.support.guarded_server import comes_true, guarded_server
from tests.support.services import small_app
from tests.support.tls_callers import ANSWERED, client_context, outcome

LIMITS = ConnectionLimits(total=6, per_address=4, header_s=30)
_IN_A_HURRY = ConnectionLimits(total=6, per_address=4, header_s=0.4)
_LOOPS = ("auto", "asyncio")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def files(authority: Authority) -> TlsFiles:
    server = authority.issue("127.0.0.1")
    return TlsFiles(server.cert, server.key, authority.cert, authority.crl)


@pytest.fixture(scope="module")
def known(authority: Authority) -> ssl.SSLContext:
    return client_context(authority.cert, authority.issue("anna"))


@contextmanager
def idle(port: int, count: int) -> Iterator[list[socket.socket]]:
    """Connections on which nothing is sent."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10)) for _ in range(count)]


def is_hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("loop", _LOOPS)
def test_connections_count_before_their_handshake(files: TlsFiles, known: ssl.SSLContext, loop: str) -> None:
    with guarded_server(small_app(), LIMITS, tls=files, loop=loop) as server:
        with idle(server.port, 20) as connections:
            assert all(is_hung_up(each) for each in connections[LIMITS.per_address :])
            assert len(server.connections) == LIMITS.per_address
            assert outcome(server.port, known) != ANSWERED
        assert comes_true(lambda: len(server.connections) == 0)
        assert outcome(server.port, known) == ANSWERED


@pytest.mark.parametrize("loop", _LOOPS)
def test_a_handshake_has_as_long_as_a_head(files: TlsFiles, known: ssl.SSLContext, loop: str) -> None:
    with guarded_server(small_app(), _IN_A_HURRY, tls=files, loop=loop) as server:
        began_at = time.monotonic()
        with idle(server.port, LIMITS.per_address) as connections:
            connections[0].sendall(b"\x16\x03\x01\x02\x00")  # a hello that never goes on
            assert all(is_hung_up(each) for each in connections)
            assert 0.3 < time.monotonic() - began_at < 3
        assert comes_true(lambda: len(server.connections) == 0)
        assert outcome(server.port, known) == ANSWERED


def test_all_together_have_a_limit_before_their_handshake(files: TlsFiles) -> None:
    limits = ConnectionLimits(total=3, per_address=100, header_s=30)
    with guarded_server(small_app(), limits, tls=files) as server, idle(server.port, 8) as connections:
        assert all(is_hung_up(each) for each in connections[limits.total :])
        assert len(server.connections) == limits.total


@pytest.mark.parametrize("loop", _LOOPS)
def test_a_connection_is_counted_once_from_its_handshake_to_its_end(
    files: TlsFiles, known: ssl.SSLContext, loop: str
) -> None:
    with guarded_server(small_app(), LIMITS, tls=files, loop=loop) as server:
        with idle(server.port, 1) as (plain,), known.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
            tls.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert tls.recv(4096).startswith(b"HTTP/1.1 200")
            assert len(server.connections) == 1
        assert comes_true(lambda: len(server.connections) == 0)


def test_who_fails_in_the_handshake_is_counted_no_longer(
    authority: Authority, files: TlsFiles, known: ssl.SSLContext
) -> None:
    stranger = client_context(authority.cert)
    with guarded_server(small_app(), LIMITS, tls=files) as server:
        for _ in range(2 * LIMITS.per_address):
            assert outcome(server.port, stranger) != ANSWERED
            assert comes_true(lambda: len(server.connections) == 0)
        assert outcome(server.port, known) == ANSWERED


def test_handshakes_do_not_hold_up_a_stop(files: TlsFiles) -> None:
    began_at = time.monotonic()
    with guarded_server(small_app(), LIMITS, tls=files) as server:
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        assert comes_true(lambda: len(server.connections) == 1)
    with connection:
        assert is_hung_up(connection)
    assert time.monotonic() - began_at < 5


@pytest.mark.parametrize("loop", _LOOPS)
def test_what_comes_right_behind_a_handshake_is_not_lost(files: TlsFiles, known: ssl.SSLContext, loop: str) -> None:
    async def answers(port: int) -> list[bytes]:
        async def one() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=known)
            writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = await reader.read(12)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            return answer

        return list(await asyncio.gather(*(one() for _ in range(40))))

    limits = ConnectionLimits(total=100, per_address=100, header_s=30)
    with guarded_server(small_app(), limits, tls=files, loop=loop) as server:
        assert asyncio.run(answers(server.port)) == [b"HTTP/1.1 200"] * 40
