"""Clients that are still sending when they are answered, on real sockets."""

import asyncio
import http.client
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from backend.common.limits import ConnectionLimits
from tests.support.guarded_server import guarded_server
from tests.support.services import small_app

_PATIENT = ConnectionLimits(header_s=30, header_bytes=4096)
_IN_A_HURRY = replace(_PATIENT, header_s=0.4)
_SIZE = 900_000
_TYPE = "Content-Type: multipart/form-data; boundary=x"  # everything else is read before anything else is done
_PIECE = b"x" * 10_000


def _router() -> APIRouter:
    router = APIRouter()

    @router.post("/early")
    async def early() -> str:
        return "no need to read it"

    @router.post("/begun")
    async def begun() -> StreamingResponse:
        async def lines() -> AsyncIterator[str]:
            yield "one\n"
            await asyncio.sleep(1)
            yield "two\n"

        return StreamingResponse(lines())

    return router


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    with guarded_server(small_app([_router()]), _PATIENT) as server:
        yield server.port


@pytest.fixture(scope="module")
def hurried() -> Iterator[int]:
    with guarded_server(small_app([_router()]), _IN_A_HURRY) as server:
        yield server.port


def head(*lines: str, length: str = f"Content-Length: {_SIZE}") -> bytes:
    return "\r\n".join(["POST /early HTTP/1.1", "Host: x", _TYPE, length, *lines, "", ""]).encode()


def send_in_pieces(connection: socket.socket, pieces: int = _SIZE // len(_PIECE)) -> None:
    for number in range(pieces):
        connection.sendall(_PIECE)
        if number < 5:
            time.sleep(0.01)  # the answer is there long before the body


def read_to_end(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_a_usual_client_gets_its_answer_and_may_go_on_with_the_connection(patient: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", patient, timeout=10)
    for _ in range(5):
        connection.request("POST", "/early", body=b"x" * _SIZE, headers=dict([_TYPE.split(": ")]))
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'"no need to read it"')
    connection.close()


def test_the_rest_of_a_body_is_no_head(hurried: int) -> None:
    with socket.create_connection(("127.0.0.1", hurried), timeout=10) as connection:
        connection.sendall(head())
        send_in_pieces(connection)
        time.sleep(0.6)  # more than a head has, and none has been begun
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers = read_to_end(connection)

    assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize("length", [f"Content-Length: {_SIZE}", "Transfer-Encoding: chunked"])
def test_who_wants_the_connection_closed_gets_the_answer_first(patient: int, length: str) -> None:
    with socket.create_connection(("127.0.0.1", patient), timeout=10) as connection:
        connection.sendall(head("Connection: close", length=length))
        if "chunked" in length:
            connection.sendall(b"%x\r\n" % _SIZE)
            send_in_pieces(connection)
            connection.sendall(b"\r\n0\r\n\r\n")
        else:
            send_in_pieces(connection)
        answers = read_to_end(connection)

    assert answers.startswith(b"HTTP/1.1 200")
    assert answers.count(b"HTTP/1.1 ") == 1


def test_a_rest_that_does_not_end_is_cut_without_a_second_answer(hurried: int) -> None:
    for closes in ((), ("Connection: close",)):
        began_at = time.monotonic()
        with socket.create_connection(("127.0.0.1", hurried), timeout=10) as connection:
            connection.sendall(head(*closes))
            answers = read_to_end(connection)

        assert 0.3 < time.monotonic() - began_at < 3
        assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200") == 1


def test_of_a_rest_so_much_is_thrown_away_and_no_more() -> None:
    limits = replace(_PATIENT, rest_bytes=100_000)
    with (
        guarded_server(small_app([_router()]), limits) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection,
    ):
        connection.sendall(head())
        answer, began_at = connection.recv(65_536), time.monotonic()
        with suppress(ConnectionError):
            send_in_pieces(connection, 20)
            answer += read_to_end(connection)

    assert time.monotonic() - began_at < 3
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200") == 1


def test_what_is_sent_behind_the_last_request_is_not_served(patient: int) -> None:
    with socket.create_connection(("127.0.0.1", patient), timeout=10) as connection:
        connection.sendall(head("Connection: close", length="Content-Length: 4"))
        answers = connection.recv(65_536)
        connection.sendall(b"body" + head(length="Content-Length: 0"))
        with suppress(ConnectionError):
            answers += read_to_end(connection)

    assert answers.count(b"HTTP/1.1 ") == 1


def test_what_is_no_http_puts_nothing_into_an_answer_that_has_begun(patient: int) -> None:
    with socket.create_connection(("127.0.0.1", patient), timeout=10) as connection:
        connection.sendall(head(length="Transfer-Encoding: chunked").replace(b"/early", b"/begun"))
        answers = connection.recv(65_536)
        connection.sendall(b"no chunk\r\n")
        with suppress(ConnectionError):
            answers += read_to_end(connection)

    assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200") == 1


def test_a_rest_that_is_no_http_gets_no_second_answer(patient: int) -> None:
    with socket.create_connection(("127.0.0.1", patient), timeout=10) as connection:
        connection.sendall(head(length="Transfer-Encoding: chunked"))
        answers = connection.recv(65_536)
        connection.sendall(b"no chunk\r\n")
        answers += read_to_end(connection)

    assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 200") == 1


def test_a_head_behind_the_rest_has_its_time_and_its_size(hurried: int) -> None:
    def after_rest(start: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", hurried), timeout=10) as connection:
            connection.sendall(head())
            send_in_pieces(connection)
            time.sleep(0.1)
            connection.sendall(start)
            return read_to_end(connection)

    assert b"head_too_slow" in after_rest(b"GET /liv")
    assert b"head_too_large" in after_rest(b"GET / HTTP/1.1\r\nX-Long: " + b"y" * 5000)
