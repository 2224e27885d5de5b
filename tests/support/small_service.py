"""A small service as a program of its own: `python -m tests.support.small_service PORT WHAT`.

WHAT is `fine`, `read_only` (refuses to start), `bug` (fails to start) or `slow_start`.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

from backend.common.blocking import in_thread
from backend.common.logging import configure_logging
from backend.common.server import Address, Serving, run_service
from backend.common.tls import TlsFiles
from shared.errors import Unavailable
from tests.support.services import SPEC, small_app

router = APIRouter()

GRACE_S = 4
HANGS_S = 60


@router.get("/slow")
async def slow() -> StreamingResponse:
    """An answer that takes half a second from its first line."""

    async def lines() -> AsyncIterator[bytes]:
        yield b"begun\n"
        await asyncio.sleep(0.5)
        yield b"done\n"

    return StreamingResponse(lines())


@router.websocket("/ws/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    while True:
        await websocket.send_text(await websocket.receive_text())


@router.websocket("/ws/stuck")
async def stuck(websocket: WebSocket) -> None:
    """Waits for something else than its client, as a careless handler would."""
    await websocket.accept()
    await websocket.send_text("waiting")
    await asyncio.sleep(3600)


@router.get("/hanging")
async def hanging() -> StreamingResponse:
    """Hangs in a thread behind its first line, as a call to a database or a share that is gone does."""
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> None:
        loop.call_soon_threadsafe(begun.set)
        time.sleep(HANGS_S)

    async def lines() -> AsyncIterator[bytes]:
        hanging = asyncio.create_task(in_thread(hang))
        await begun.wait()
        yield b"begun\n"
        await hanging

    return StreamingResponse(lines())


@router.get("/endless")
async def endless(request: Request) -> StreamingResponse:
    """An answer that goes on until the service stops."""
    is_over = asyncio.Event()
    request.app.state.on_stop.append(is_over.set)

    async def lines() -> AsyncIterator[bytes]:
        yield b"begun\n"
        await is_over.wait()
        yield b"ended\n"

    return StreamingResponse(lines())


def lifespan_of(what: str) -> object:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if what == "read_only":
            raise Unavailable("The data folder /data is read-only; make it writable or set CLARA_DATA_DIR.")
        if what == "bug":
            raise RuntimeError("bug at start")
        if what == "slow_start":
            sys.stdout.write("starting\n")
            sys.stdout.flush()
            await asyncio.to_thread(time.sleep, 0.5)
        yield
        sys.stdout.write("closed\n")

    return lifespan


def main(port: int, what: str, *tls: str) -> int:
    configure_logging("INFO", "small")
    app = small_app([router], lifespan=lifespan_of(what))
    files = TlsFiles(*map(Path, tls)) if tls else None
    return run_service(Serving(app, Address("127.0.0.1", port, SPEC.port_setting), tls=files, grace_s=GRACE_S))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
