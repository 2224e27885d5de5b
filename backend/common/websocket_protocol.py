"""The WebSocket protocol of our services: uvicorn's, quicker with a text for many and done with clients that hang."""

from functools import lru_cache

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State

LINGER_S = 2.0
_BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@lru_cache(maxsize=64)
def text_frame(text: str) -> bytes:
    """The bytes of a text message, the same for every client: servers do not mask, and we do not compress."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """Frames a text once, however many clients get it, and cuts what a client that hangs would keep open for ever.

    uvicorn closes a connection by closing its transport, which waits until the client has read what was sent. One that
    never does keeps socket, buffers and task, and holds up the stop of the service.
    """

    def data_received(self, data: bytes) -> None:
        """Take what the client sent; a handshake that cannot be read, such as one with a huge header, is refused."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # uvicorn would say nothing and keep the connection open
            self.transport.write(_BAD_HANDSHAKE)
            self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        """Send what the application says."""
        text = message.get("text") if message["type"] == "websocket.send" else None
        if isinstance(text, str) and self._is_plainly_open():
            self.transport.write(text_frame(text))
        else:
            await super().send(message)

    async def run_asgi(self) -> None:
        """Serve the connection; when the application is through, the client has `LINGER_S` to read the rest."""
        await super().run_asgi()
        self._cut_later()

    def shutdown(self) -> None:
        """The service stops."""
        super().shutdown()
        self._cut_later()

    def keepalive_timeout(self) -> None:
        """The client answers no pings: there is nothing to wait for."""
        super().keepalive_timeout()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is over, and counted no longer."""
        connections = getattr(self.config, "connections", None)
        if connections is not None:
            connections.leave(self.transport)
        super().connection_lost(exc)

    def _is_plainly_open(self) -> bool:
        """Whether a text may go out as it is and now; everything else is decided by uvicorn."""
        return (
            self.writable.is_set()
            and self.handshake_complete
            and not (self.close_sent or self.disconnected or self.conn.extensions)
            and self.conn.state is State.OPEN
        )

    def _cut_later(self) -> None:
        self.loop.call_later(LINGER_S, self.transport.abort)
