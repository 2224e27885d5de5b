"""Texts arrive as they were sent, and a client that hangs does not keep its connection."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from fastapi import APIRouter, WebSocket
from websockets.sync.client import connect

from backend.common.websocket_protocol import LINGER_S, text_frame
from tests.support.frame_counter import connected
from tests.support.live_server import live_server
from tests.support.services import small_app
from tests.support.socket_callers import connection_state

router = APIRouter()
TEXTS = ["", "a", "Gebühr €", "x" * 125, "y" * 126, "\N{BUG}" * 20_000, "z" * 70_000]


@router.websocket("/texts")
async def texts(websocket: WebSocket) -> None:
    await websocket.accept()
    for text in TEXTS:
        await websocket.send_text(text)
    await websocket.send_bytes(b"bytes")
    await websocket.close(1000, "done")


@router.websocket("/flood")
async def flood(websocket: WebSocket) -> None:
    """Fill the buffers between us and a client, and give up when they are full."""
    await websocket.accept()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while True:
                await websocket.send_text("x" * 60_000)
                await asyncio.sleep(0)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with live_server(small_app([router])) as base:
        yield base


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_texts_of_every_length_arrive_as_they_were_sent(address: str, compression: str | None) -> None:
    with connect(f"{address.replace('http', 'ws', 1)}/texts", proxy=None, compression=compression) as connection:
        assert [*connection] == [*TEXTS, b"bytes"]
        assert (connection.close_code, connection.close_reason) == (1000, "done")


def test_a_text_is_framed_once_for_all_clients() -> None:
    text = "one of many"
    assert text_frame(text) is text_frame(text)


def test_a_handshake_that_cannot_be_read_is_refused_instead_of_kept_open(address: str) -> None:
    head = ["GET /texts HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket", f"X-Filler: {'x' * 9000}"]
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])), timeout=5) as client:
        client.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_what_a_client_does_not_read_is_cut_off_after_a_while(address: str) -> None:
    port = int(address.rpartition(":")[2])
    client = connected(port, "/flood", receive_bytes=4096)
    own_port = client.getsockname()[1]
    give_up = time.monotonic() + 10 * LINGER_S
    while connection_state(port, own_port) == "established" and time.monotonic() < give_up:
        time.sleep(0.05)
    assert connection_state(port, own_port) != "established"
    client.close()
