import asyncio
import json
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.responses import Response
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from backend.common.middleware import BodyLimit
from shared.auth.policies import CurrentPrincipal
from shared.errors import Conflict, Unavailable
from tests.support.live_server import live_server
from tests.support.services import client_of, small_app

pytestmark = pytest.mark.anyio

LIMIT_BYTES = 1000
UPLOAD_BYTES = 100_000

router = APIRouter()


@router.post("/json")
async def json_body(body: dict[str, Any]) -> int:
    return len(body)


@router.post("/upload")
async def upload(request: Request) -> int:
    return sum([len(chunk) async for chunk in request.stream()])


@router.get("/who")
async def who(principal: CurrentPrincipal) -> str:
    return principal.subject


@router.get("/cached")
async def cached() -> Response:
    return Response("x", headers={"Cache-Control": "max-age=60"})


@router.get("/torn")
async def torn() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(0.01)
        raise RuntimeError("in the middle")

    return StreamingResponse(chunks())


@router.websocket("/ws/{what}")
async def broken_socket(websocket: WebSocket, what: str) -> None:
    if what != "early":
        await websocket.accept()
    await asyncio.sleep(0)
    raise {"conflict": Conflict("x"), "down": Unavailable("x")}.get(what, RuntimeError("bug"))


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = small_app([router], max_body_bytes=LIMIT_BYTES, body_limits={"/upload": UPLOAD_BYTES})
    async with client_of(app) as client:
        yield client


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = small_app([router], max_body_bytes=LIMIT_BYTES, body_limits={"/upload": UPLOAD_BYTES})
    with live_server(app) as base:
        yield base


async def chunked(size_bytes: int) -> AsyncIterator[bytes]:
    for _ in range(size_bytes // 100):
        yield b" " * 100


async def test_the_correlation_id_is_taken_over_or_made_and_always_returned(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez", headers={"X-Request-ID": "abc-1"})).headers["x-request-id"] == "abc-1"
    made = [(await client.get("/livez", headers={"X-Request-ID": "a b"})).headers["x-request-id"] for _ in range(2)]
    assert made[0].startswith("req_")
    assert made[0] != made[1]


async def test_each_request_leaves_one_line_without_its_query(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "backend"):
        await client.get("/who?token=canary")
        await client.get("/livez")
    (line,) = [record for record in caplog.records if record.name.startswith("backend")]
    fields = vars(line)
    assert line.message == "request.served"
    assert (fields["method"], fields["path"], fields["status"]) == ("GET", "/who", 200)
    assert fields["duration_ms"] > 0
    assert "canary" not in str(fields)


async def test_browsers_are_told_to_do_as_little_as_possible(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/livez")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert (await client.get("/cached")).headers.get_list("cache-control") == ["max-age=60"]


async def test_a_body_up_to_the_limit_is_read(client: httpx.AsyncClient) -> None:
    body = json.dumps({"a": "x" * (LIMIT_BYTES - 9)})
    assert len(body) == LIMIT_BYTES
    headers = {"Content-Type": "application/json"}
    assert (await client.post("/json", content=body, headers=headers)).json() == 1
    assert (await client.post("/json", content=body + " ", headers=headers)).status_code == 413


async def test_uploads_have_their_own_limit(address: str) -> None:
    async with httpx.AsyncClient() as client:
        files = {"Content-Type": "multipart/form-data; boundary=x"}
        assert (await client.post(f"{address}/upload", content=chunked(50_000), headers=files)).json() == 50_000
        too_much = b"x" * (UPLOAD_BYTES + 1)
        assert (await client.post(f"{address}/upload", content=too_much, headers=files)).status_code == 413
        assert (await client.post(f"{address}/upload", content=chunked(50_000))).status_code == 413


@pytest.mark.parametrize("path", ["/upload", "/json"])
async def test_a_body_without_announced_length_is_stopped_while_it_arrives(address: str, path: str) -> None:
    async with httpx.AsyncClient() as client:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(f"{address}{path}", content=chunked(500_000), headers=headers)
    assert answer.status_code == 413
    assert answer.json()["code"] == "content_too_large"
    assert answer.headers["connection"] == "close"


async def test_a_client_that_sends_the_whole_of_a_large_body_first_still_gets_the_answer(address: str) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{address}/json", content=b" " * 20_000_000)
    assert answer.status_code == 413
    assert f"{LIMIT_BYTES} bytes" in answer.json()["detail"]


async def test_a_body_that_never_ends_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 1000
            await asyncio.sleep(0.001)

    with live_server(BodyLimit(small_app([router]), 1000, {}, linger_s=0.5)) as base:
        started_at = time.perf_counter()
        async with httpx.AsyncClient() as client:
            with suppress(httpx.ReadError):  # whether the answer gets through to a client that never listens is luck
                assert (await client.post(f"{base}/upload", content=endless())).status_code == 413
        assert time.perf_counter() - started_at < 20


async def test_a_body_that_is_announced_as_too_large_is_refused_before_it_is_sent(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /json HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        answer = connection.recv(65_536)
        while connection.recv(65_536):
            pass  # then the connection ends
    assert b" 413 " in answer.splitlines()[0]
    assert b"content_too_large" in answer


async def test_an_answer_that_fails_halfway_is_cut_off_and_logged_once(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(f"{address}/torn")
    assert caplog.text.count("RuntimeError: in the middle") == 1


@pytest.mark.parametrize(("what", "code"), [("conflict", 1008), ("down", 1013), ("bug", 1011)])
async def test_an_error_in_an_open_websocket_closes_it_with_a_telling_code(address: str, what: str, code: int) -> None:
    async with connect(f"{address.replace('http', 'ws', 1)}/ws/{what}", proxy=None) as websocket:
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(websocket.recv(), 5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code


async def test_a_bug_before_the_handshake_is_a_500_problem(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{address.replace('http', 'ws', 1)}/ws/early", proxy=None)
    assert refused.value.response.status_code == 500
    assert b"internal_error" in bytes(refused.value.response.body or b"")


async def test_an_unknown_websocket_path_is_refused(address: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{address.replace('http', 'ws', 1)}/nowhere", proxy=None)
    assert refused.value.response.status_code in {403, 404}
