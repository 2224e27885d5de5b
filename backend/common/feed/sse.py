"""Progress as server-sent events, replayable by sequence number."""

import asyncio
import contextlib
import json
import logging
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from backend.common.blocking import in_thread
from backend.common.feed.ending import Ending, first_ending
from backend.common.feed.event_feed import EventFeed
from backend.common.feed.listener import STALLED_S, Listener, ListenerTooSlow
from backend.common.feed.ordered import OrderedUpdates
from backend.common.feed.updates import Delivery
from shared.errors import Unavailable

logger = logging.getLogger(__name__)

HEARTBEAT_S = 15.0
"""Proxies cut connections that are silent for a minute, some for half of one."""

_EVENT = {
    "type": "object",
    "required": ["data"],
    "properties": {name: {"type": "string"} for name in ("id", "event", "data")},
}
NOTHING_MORE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, one after the other.", "content": {"text/event-stream": {"schema": _EVENT}}},
    204: {"description": "It has ended and the client knows all of it."},
}
"""Described to callers beside 200; an EventSource that gets it stops reconnecting."""

_LAST_WORDS_S = 1.0
_LAST_WORDS = {
    Ending.TOKEN_EXPIRED: ("expired", "The token has expired; come back with a new one and Last-Event-ID."),
    Ending.TOO_SLOW: ("evicted", "Updates are not read as fast as they come; come back with Last-Event-ID."),
}


class EventStream(Response):
    """The updates of one job or dataset until it has ended; `id:` is the sequence number.

    A comment now and then keeps the connection open. An `expired` or `evicted` event says why the stream ends early;
    the client comes back with `Last-Event-ID`.

    Args:
        subject_id: An existing job or dataset.
        feed: Where its events come from.
        after: Sequence number after which to start.
        ends_at: When the caller's token expires, by the event loop's clock; None never.
        heartbeat_s: Longest silence.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        subject_id: str,
        feed: EventFeed,
        *,
        after: int,
        ends_at: float | None,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._subject_id = subject_id
        self._feed = feed
        self._after = after
        self._ends_at = ends_at
        self._heartbeat_s = heartbeat_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nothing more to send, or to send it to."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with self._feed.listen(self._subject_id) as listener:
                work = self._push(listener, send), _until_gone(receive)
                async with first_ending(listener, self._ends_at, *work) as ending:
                    await _say_goodbye(ending, send)
        except Unavailable as error:
            # the status is sent already; the client comes back by itself
            logger.warning("events.stream_cut", extra={"subject_id": self._subject_id, "reason": error.message})
            await _say_goodbye(Ending.DONE, send)

    async def _push(self, listener: Listener, send: Send) -> None:
        updates = OrderedUpdates(self._feed.source, listener)
        has_ended = (await in_thread(self._feed.source.head, self._subject_id)).has_ended
        async with contextlib.aclosing(updates.replay(self._subject_id, self._after)) as replay:
            async for delivery in replay:
                await _send(send, _frame(delivery))
                has_ended = has_ended or delivery.update.is_last
        while not has_ended:
            async with contextlib.aclosing(updates.live()) as live:
                async for delivery in live:
                    await _send(send, _frame(delivery))
                    has_ended = has_ended or delivery.update.is_last
            if not has_ended:
                await self._wait(listener, send)

    async def _wait(self, listener: Listener, send: Send) -> None:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await listener.wait()
        except TimeoutError:
            await _send(send, b": still here\n\n")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say_goodbye(ending: Ending, send: Send) -> None:
    """The last event and the end of the body, to a client that may not read any more."""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(_LAST_WORDS_S):
            if ending in _LAST_WORDS:
                name, message = _LAST_WORDS[ending]
                body = json.dumps({"type": name, "message": message})
                await _send(send, f"event: {name}\ndata: {body}\n\n".encode())
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send(send: Send, body: bytes) -> None:
    try:
        async with asyncio.timeout(STALLED_S):
            await send({"type": "http.response.body", "body": body, "more_body": True})
    except TimeoutError as exc:
        raise ListenerTooSlow from exc


def _frame(delivery: Delivery) -> bytes:
    update = delivery.update
    return f"id: {update.seq}\nevent: {update.kind}\ndata: {delivery.text}\n\n".encode()
