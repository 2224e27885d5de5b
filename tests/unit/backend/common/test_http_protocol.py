"""A real server with narrow limits, spoken to byte by byte."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from fastapi import APIRouter, Request

from backend.common.limits import ConnectionLimits
from tests.support.guarded_server import comes_true, guarded_server
from tests.support.raw_http import raw_answer
from tests.support.services import small_app

LIMITS = ConnectionLimits(per_address=4, header_s=30, header_bytes=4096)
_MORE_THAN_SOCKETS_HOLD = 32 * 2**20


class Held:
    """A route that answers when the test lets it."""

    def __init__(self) -> None:
        self.begun, self.goes_on = threading.Event(), threading.Event()

    async def answer(self) -> str:
        self.begun.set()
        while not self.goes_on.is_set():
            await asyncio.sleep(0.01)
        return "at last"


def _router(held: Held) -> APIRouter:
    router = APIRouter()

    @router.get("/from")
    async def caller(request: Request) -> str:
        await asyncio.sleep(0)
        return request.client.host if request.client else ""

    router.add_api_route("/held", held.answer)
    return router


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def port(held: Held) -> Iterator[int]:
    with guarded_server(small_app([_router(held)]), LIMITS) as server:
        yield server.port


@pytest.fixture
def impatient_port() -> Iterator[int]:
    with guarded_server(small_app([]), replace(LIMITS, header_s=0.4)) as server:
        yield server.port


def test_a_head_that_does_not_come_is_answered_with_408(impatient_port: int) -> None:
    for start in (b"", b"GET /livez HTTP/1.1\r\nHost: x\r\n"):
        status, answer, seconds = raw_answer(impatient_port, iter([start] if start else []))
        assert (status, b"head_too_slow" in answer) == (408, True)
        assert 0.3 < seconds < 10


def test_a_second_head_has_its_own_time(impatient_port: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient_port), timeout=5) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /liv")
        assert connection.recv(4096).startswith(b"HTTP/1.1 408")


def test_an_answer_may_take_longer_than_a_head(impatient_port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{impatient_port}", trust_env=False) as client:
        for _ in range(3):
            assert client.get("/livez").status_code == 200
            time.sleep(0.5)


def test_a_head_that_is_too_large_is_refused(port: int) -> None:
    parts = iter([b"GET / HTTP/1.1\r\n", b"X-Long: " + b"y" * 9000])

    assert raw_answer(port, parts)[0] == 431


@pytest.mark.parametrize("before", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("end", [b"\r\n\r\n", b"\r\n\r\n" + b"x" * 5000])
def test_a_head_that_comes_in_one_burst_is_refused_at_the_same_size(port: int, before: bytes, end: bytes) -> None:
    start = before + b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nX-Long: "
    status, answer, _ = raw_answer(port, iter([start + b"y" * 4100 + end]))

    assert (status, b"head_too_large" in answer) == (431, True)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 40])
def test_a_body_does_not_count_as_a_part_of_the_head(port: int, cut: int) -> None:
    head = b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 6000\r\nX-Long: " + b"y" * 3900 + b"\r\n\r\n"
    whole = head + b"x" * 6000
    end = len(head) - cut

    def in_two() -> Iterator[bytes]:
        yield whole[:end]
        time.sleep(0.03)  # so that they do not travel together
        yield whole[end:]

    assert raw_answer(port, iter([whole]))[0] == 405
    assert raw_answer(port, in_two())[0] == 405


def test_what_comes_before_an_answer_is_not_taken_in_without_end(port: int, held: Held) -> None:
    sent, part = 0, b"X-Long: " + b"y" * 8000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.begun.wait(10)
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
        connection.settimeout(2)
        with contextlib.suppress(TimeoutError):
            while sent < _MORE_THAN_SOCKETS_HOLD:
                sent += connection.send(part)
        held.goes_on.set()
        connection.settimeout(10)
        answers = connection.recv(4096)

    assert sent < _MORE_THAN_SOCKETS_HOLD
    assert answers.startswith(b"HTTP/1.1 200")


def test_requests_that_come_before_an_answer_are_answered_in_turn(port: int, held: Held) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
        assert held.begun.wait(10)
        connection.sendall(b"GET /from HTTP/1.1\r\nHost: x\r\n\r\n" * 200)
        connection.sendall(b"GET /from HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        held.goes_on.set()
        answers = b"".join(iter(lambda: connection.recv(65536), b""))

    assert answers.count(b"HTTP/1.1 200") == 202


def test_what_is_no_http_is_answered_with_a_problem(port: int) -> None:
    status, answer, _ = raw_answer(port, iter([b"HELO there\r\n\r\n"]))

    assert (status, b"application/problem+json" in answer) == (400, True)


def test_an_address_has_so_many_connections() -> None:
    with guarded_server(small_app(), LIMITS) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(LIMITS.per_address)]
        assert comes_true(lambda: len(server.connections) == LIMITS.per_address)
        status, answer, _ = raw_answer(server.port, iter([]))
        for each in held:
            each.close()

        assert (status, b"too_many_connections" in answer) == (503, True)
        assert comes_true(lambda: len(server.connections) == 0)
        assert httpx.get(f"http://127.0.0.1:{server.port}/livez", trust_env=False).status_code == 200


def test_nobody_is_believed_who_names_another_address(port: int) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/from", headers={"X-Forwarded-For": "192.0.2.1"}, trust_env=False)

    assert answer.json() == "127.0.0.1"
    assert "server" not in answer.headers
