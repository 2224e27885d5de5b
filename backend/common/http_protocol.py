"""The HTTP protocol of our services: uvicorn's, with an end to clients that take their time or take too much.

uvicorn waits for the head of a request for as long as a client likes, of whatever size, and takes as many connections
as the system has files. Here a head has a time and a size, an address has a number of connections, and what cannot be
parsed is answered as every other error is.
"""

import asyncio
import json
import logging
from collections.abc import Hashable
from typing import cast

from backend.common.connections import Connections
from backend.common.early_answers import EarlyAnswers
from backend.common.guarded_config import GuardedConfig
from backend.common.head_size import HeadSize
from backend.common.peer_certificate import certificate_state
from backend.common.problem import MEDIA_TYPE, problem_body, title_of
from backend.common.request_id import accepted_or_new
from shared.utils.log_context import CORRELATION_ID

logger = logging.getLogger(__name__)


class HttpProtocol(EarlyAnswers):
    """One connection.

    Attributes:
        counted_as: What it was counted as before its handshake; None: it is counted when it is made.
    """

    counted_as: Hashable | None = None
    _timer: asyncio.TimerHandle | None = None
    _is_counted = False
    _bytes_ahead = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Count the connection, or refuse it; its requests know the certificate of the handshake."""
        super().connection_made(transport)
        self._head = HeadSize()
        self.app_state = {**self.app_state, **certificate_state(transport)}
        self._is_counted = self._enter(transport)
        if self._is_counted:
            self._timer = self.loop.call_later(self.limits.header_s, self._too_slow)
        else:
            self._refuse(503, "too_many_connections", "Too many connections are open; try again later.")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over."""
        self._stop_timer()
        self._open.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; as long as a head is incomplete its time runs."""
        if not self._is_counted:
            return
        if self.is_reading_rest():
            super().data_received(data)
            return
        if self._is_in_head() and self._head.take(data) > self.limits.header_bytes:
            self._refuse(431, "head_too_large", "The head of the request is too large.")
            return
        if self._is_before_answer():
            self._bytes_ahead += len(data)
            if self._bytes_ahead > self.limits.header_bytes:
                # read on when the answer is complete; uvicorn would keep a head of any size until then
                self.flow.pause_reading()
        else:
            self._bytes_ahead = 0
        super().data_received(data)
        if self._is_in_head():
            if self._timer is None:
                self._timer = self.loop.call_later(self.limits.header_s, self._too_slow)
        else:
            self._head.reset()
            self._stop_timer()

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket takes over; it stays counted until it is closed."""
        self._stop_timer()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        """Say that what came is no HTTP, unless an answer has begun."""
        if self.is_reading_rest() or self._is_answering():
            # whatever is written now would be taken for a part of that answer, or for one to the next request
            self.hang_up()
        else:
            self._refuse(400, "bad_http", "What was sent is no HTTP request.")

    @property
    def _open(self) -> Connections:
        return cast(GuardedConfig, self.config).connections

    def _enter(self, transport: asyncio.Transport) -> bool:
        if self.counted_as is not None:
            return self._open.rename(self.counted_as, transport)
        return self._open.enter(transport, self.client[0] if self.client else "")

    def _is_in_head(self) -> bool:
        is_ours = self.transport.get_protocol() is self and not self.transport.is_closing()
        return is_ours and (self.cycle is None or self.cycle.response_complete) and not self.is_reading_rest()

    def _is_before_answer(self) -> bool:
        """Whether a request has come whole and its answer is not complete: what comes now is of the next one."""
        return self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete

    def _is_answering(self) -> bool:
        return self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete

    def _too_slow(self) -> None:
        self._timer = None
        self._refuse(408, "head_too_slow", "The head of the request did not come in time.")

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        told_id = accepted_or_new(None)
        body = json.dumps({**problem_body(status, code, detail), "correlation_id": told_id}).encode("ascii")
        client = self.client[0] if self.client else None
        logger.info(
            "request.refused", extra={"status": status, "code": code, "client": client, CORRELATION_ID: told_id}
        )
        head = (
            f"HTTP/1.1 {status} {title_of(status)}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"connection: close\r\nx-request-id: {told_id}\r\nx-content-type-options: nosniff\r\n"
            "cache-control: no-store\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
