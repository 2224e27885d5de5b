"""Progress over a WebSocket: pushed live, replayed on request, ended with a reason."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import WebSocket, WebSocketDisconnect

from backend.common.blocking import in_thread
from backend.common.feed.ending import Ending, first_ending, moment_of
from backend.common.feed.event_feed import EventFeed
from backend.common.feed.listener import Listener
from backend.common.feed.ordered import OrderedUpdates
from backend.common.feed.updates import Delivery
from shared.auth.websocket import Handshake
from shared.errors import ClaraError, InvalidInput, NotFound
from shared.models.events import LARGEST_SEQ

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
UNKNOWN_SUBJECT = 4404
_CODES = {Ending.TOKEN_EXPIRED: POLICY_VIOLATION, Ending.TOO_SLOW: TRY_AGAIN_LATER}

_MAX_MESSAGE_CHARS = 256
_MAX_REASON_BYTES = 123
_CLOSE_S = 1.0


class NothingToResume(InvalidInput):
    """`resume_from` on a connection for all: sequence numbers belong to one job or dataset."""

    code = "nothing_to_resume"

    def __init__(self, parameter: str) -> None:
        super().__init__(f"resume_from goes with {parameter}: each {parameter[:-3]} counts its own events.")


async def serve_updates(
    websocket: WebSocket,
    feed: EventFeed,
    handshake: Handshake,
    *,
    parameter: str,
    subject_id: str | None,
    resume_from: int | None,
) -> None:
    """Push every update until the client leaves, or has to; `ping` is answered, `{"resume_from": seq}` replays.

    `resume_from` in the address replays before anything live is sent; as a message it may be overtaken by live updates,
    after which the replay starts where it was asked to.

    Args:
        websocket: Not accepted yet.
        feed: Where events come from.
        handshake: Of the caller.
        parameter: Name of the parameter with the id: `job_id`, `dataset_id`.
        subject_id: Whose updates; None: of all.
        resume_from: Number after which to replay.

    Raises:
        NothingToResume: If a number comes without an id.
    """
    if resume_from is not None and subject_id is None:
        raise NothingToResume(parameter)
    ends_at = moment_of(handshake.expires_at)
    async with feed.listen(subject_id) as listener:
        # whoever is connected misses nothing from then on
        await websocket.accept(subprotocol=handshake.subprotocol)
        try:
            if subject_id is not None:
                await in_thread(feed.source.head, subject_id)
            client = _Client(websocket, OrderedUpdates(feed.source, listener), listener, resume_from, parameter)
            await client.serve(ends_at)
        except ClaraError as error:
            await _close(websocket, UNKNOWN_SUBJECT if isinstance(error, NotFound) else TRY_AGAIN_LATER, error.message)


class _Client:
    """One open connection: a task that reads it and one that writes to it, so that neither waits for the other."""

    def __init__(
        self,
        websocket: WebSocket,
        updates: OrderedUpdates,
        listener: Listener,
        resume_from: int | None,
        parameter: str,
    ) -> None:
        message = f'Send "ping", or {{"resume_from": seq}} on a socket opened with {parameter}.'
        self._help = json.dumps({"type": "error", "message": message}, separators=(",", ":"))
        self._websocket = websocket
        self._updates = updates
        self._listener = listener
        self._resume_from = resume_from

    async def serve(self, ends_at: float | None) -> None:
        """Until the client leaves, or has to; `ends_at` is of the event loop's clock."""
        async with first_ending(self._listener, ends_at, self._read(), self._write()) as ending:
            if ending is not Ending.DONE:
                await _close(self._websocket, _CODES[ending], ending.value)

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            text = message.get("text")
            if text == "ping":
                await self._send("pong")
            elif (seq := _resume_from(text)) is None or self._listener.subject_id is None:
                await self._send(self._help)
            else:
                # the newest request counts; a replay that is under way gives way to it
                self._resume_from = seq
                self._listener.wake()

    async def _write(self) -> None:
        while True:
            while (after := self._resume_from) is not None:
                self._resume_from = None
                await self._send_all(self._updates.replay(self._listener.subject_id or "", after))
            await self._send_all(self._updates.live())
            if self._resume_from is None:
                await self._listener.wait()

    async def _send_all(self, deliveries: AsyncGenerator[Delivery, None]) -> None:
        async with aclosing(deliveries):
            async for delivery in deliveries:
                await self._send(delivery.text)
                if self._resume_from is not None:
                    return

    async def _send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except RuntimeError as exc:
            # the server has closed the connection meanwhile (no answer to its pings, a broken frame)
            raise WebSocketDisconnect(1006) from exc


def _resume_from(text: str | None) -> int | None:
    if text is None or len(text) > _MAX_MESSAGE_CHARS:
        return None
    try:
        message = json.loads(text)
    except ValueError:
        return None
    seq = message.get("resume_from") if isinstance(message, dict) else None
    return seq if type(seq) is int and 0 <= seq <= LARGEST_SEQ else None


async def _close(websocket: WebSocket, code: int, reason: str) -> None:
    """Say why the connection ends, to a client that may not listen any more."""
    short = reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
    with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await websocket.close(code, short)
