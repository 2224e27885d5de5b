"""Progress over a WebSocket: `WS /api/training/ws[?job_id=…]`."""

import asyncio
import contextlib
import json
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from backend.training.api.dependencies import CurrentHandshake, Feed, Manager
from backend.training.api.updates import OrderedEvents, job_update
from backend.training.feed import ListenerTooSlow
from shared.auth.websocket import Handshake
from shared.errors import ClaraError

router = APIRouter()

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


@router.websocket("/api/training/ws")
async def job_updates(
    websocket: WebSocket,
    manager: Manager,
    feed: Feed,
    handshake: CurrentHandshake,
    job_id: Annotated[str | None, Query(max_length=100)] = None,
) -> None:
    """Push every state change and every logged step; `ping` is answered, `{"resume_from": seq}` replays."""
    await websocket.accept(subprotocol=handshake.subprotocol)
    async with feed.listen(job_id) as listener:
        events = OrderedEvents(manager, listener)
        replays: asyncio.Queue[int] = asyncio.Queue(8)
        reader = asyncio.create_task(_read(websocket, job_id, replays))
        writer = asyncio.create_task(_write(websocket, events, job_id, replays))
        # whichever ends first ends the other: a handler that only waits for events would outlive its client
        done, pending = await asyncio.wait(
            {reader, writer}, timeout=_seconds_left(handshake), return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        await _close(websocket, next(iter(done), None))


async def _read(websocket: WebSocket, job_id: str | None, replays: asyncio.Queue[int]) -> None:
    while True:
        text = await websocket.receive_text()
        if text == "ping":
            await websocket.send_text("pong")
            continue
        seq = _resume_from(text)
        if seq is None or job_id is None:
            await websocket.send_json(
                {"type": "error", "message": 'Send "ping", or {"resume_from": seq} on a socket opened with job_id.'}
            )
        elif not replays.full():
            replays.put_nowait(seq)


async def _write(websocket: WebSocket, events: OrderedEvents, job_id: str | None, replays: asyncio.Queue[int]) -> None:
    live = aiter(events.live())
    upcoming: asyncio.Task[Any] = asyncio.create_task(anext(live))  # type: ignore[arg-type]  # an Awaitable that is a coroutine
    asked: asyncio.Task[int] = asyncio.create_task(replays.get())
    try:
        while True:
            await asyncio.wait({upcoming, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                async for event in events.replay(job_id or "", asked.result()):
                    await websocket.send_json(job_update(event))
                asked = asyncio.create_task(replays.get())
            if upcoming.done():
                await websocket.send_json(job_update(upcoming.result()))
                upcoming = asyncio.create_task(anext(live))  # type: ignore[arg-type]  # as above
    finally:
        upcoming.cancel()
        asked.cancel()
        await asyncio.gather(upcoming, asked, return_exceptions=True)


def _resume_from(text: str) -> int | None:
    try:
        message = json.loads(text)
    except ValueError:
        return None
    seq = message.get("resume_from") if isinstance(message, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and seq >= 0 else None


def _seconds_left(handshake: Handshake) -> float | None:
    return None if handshake.expires_at is None else max(0.0, handshake.expires_at - time.time())


async def _close(websocket: WebSocket, ended: asyncio.Task[None] | None) -> None:
    """Say why the connection ends: the token's end (no task ended), a slow client, or an error."""
    error = ended.exception() if ended else None
    if ended and (error is None or isinstance(error, WebSocketDisconnect)):
        return
    code, reason = TRY_AGAIN_LATER, "service error"
    if ended is None:
        code, reason = POLICY_VIOLATION, "token expired"
    elif isinstance(error, ListenerTooSlow):
        reason = "too slow; reconnect with resume_from"
    elif isinstance(error, ClaraError):
        code, reason = POLICY_VIOLATION, error.message[:120]
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await websocket.close(code, reason)
    if error and not isinstance(error, ListenerTooSlow | ClaraError | RuntimeError):
        raise error
