"""What is still to come of a request that has its answer: read and thrown away, for a while and up to a size.

A client looks for an answer when it has sent its request. One that is refused in the middle of an upload, say for a bad
token, would find a connection that is reset, and never learn why, if nobody read the rest.
"""

import asyncio
from collections.abc import Callable
from typing import cast

# not whichever of uvicorn's parsers is installed: only this one says where a request ends
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backend.common.guarded_config import GuardedConfig
from backend.common.limits import ConnectionLimits


class EarlyAnswers(HttpToolsProtocol):
    """uvicorn's protocol, with an end to the rest of a request and without a second answer to it."""

    _is_in_request = False
    _is_last = False
    _rest_bytes = 0
    _rest_timer: asyncio.TimerHandle | None = None

    @property
    def limits(self) -> ConnectionLimits:
        """What the listener takes."""
        return cast(GuardedConfig, self.config).connections.limits

    def is_reading_rest(self) -> bool:
        """Whether what comes next belongs to a request that has its answer."""
        return self._is_in_request and self.cycle is not None and self.cycle.response_complete

    def hang_up(self) -> None:
        """End the connection without a further word."""
        self._stop_rest_timer()
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._stop_rest_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; of the rest of an answered request so much and no more."""
        if not self.is_reading_rest():
            super().data_received(data)
            return
        self._rest_bytes += len(data)
        if self._rest_bytes > self.limits.rest_bytes:
            self.hang_up()
            return
        super().data_received(data)
        if not self.is_reading_rest():
            self._go_on()

    def on_headers_complete(self) -> None:
        """A head has come; its body follows."""
        if self._is_last:
            # sent behind a request that was to be the last one
            return
        earlier = self.cycle
        self._is_in_request = True
        super().on_headers_complete()
        if self.cycle is not earlier and not self.cycle.keep_alive:
            self.cycle.transport = _LateClose(self.transport, self._close_after_request)

    def on_message_complete(self) -> None:
        """A request has come to its end."""
        super().on_message_complete()
        self._is_in_request = False
        if self._is_last:
            self.transport.close()

    def on_response_complete(self) -> None:
        """An answer is complete; the rest of its request has its time from now on."""
        super().on_response_complete()
        if self.is_reading_rest() and not self.transport.is_closing():
            self._rest_bytes = 0
            self._stop_rest_timer()
            self._rest_timer = self.loop.call_later(self.limits.header_s, self.hang_up)

    def _close_after_request(self) -> None:
        if self.is_reading_rest():
            self._is_last = True
        else:
            self.transport.close()

    def _go_on(self) -> None:
        """The request has come to its end: as after any other, the next one is waited for."""
        self._stop_rest_timer()
        if self.cycle.response_complete and not self.transport.is_closing():
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _stop_rest_timer(self) -> None:
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None


class _LateClose(asyncio.Transport):
    """The transport of an answer to a client that wants no further one.

    Args:
        transport: The real one.
        close: Called instead of closing it.
    """

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self._transport = transport
        self._close = close

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether nothing is sent any more."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close when the request has come to its end."""
        self._close()
