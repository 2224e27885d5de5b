"""Accepts connections for TLS: each is counted before its handshake, and the handshake has an end.

An event loop's own server makes a protocol only once a handshake is through, so that whoever never begins one would be
neither counted nor timed: strangers without a certificate, exactly those whom a service knows least.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable

from backend.common.connections import Connections
from backend.common.http_protocol import HttpProtocol

logger = logging.getLogger(__name__)

_REST_S = 0.5


class TlsListener:
    """Serves one listening socket from now on; the part of `asyncio.Server` that uvicorn uses.

    Args:
        listener: Bound and listening.
        context: How handshakes are made.
        connections: Counts every connection from the moment it is accepted.
        new_protocol: Makes what a connection is handed to after its handshake.
    """

    def __init__(
        self,
        listener: socket.socket,
        context: ssl.SSLContext,
        connections: Connections,
        new_protocol: Callable[[], HttpProtocol],
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._context = context
        self._connections = connections
        self._new_protocol = new_protocol
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting = self._loop.create_task(self._accept())

    def close(self) -> None:
        """Accept nobody any more, and drop who is still in the handshake; connections that are through go on."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until the socket is let go of, so that it may be closed."""
        await asyncio.gather(self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self) -> None:
        while True:
            try:
                connection, address = await self._loop.sock_accept(self._listener)
            except ConnectionError:
                # gone again before its turn came
                pass
            except OSError as exc:
                # files have run out, as a rule: in a moment there may be some again
                logger.warning("connection.not_accepted", extra={"reason": str(exc)})
                await asyncio.sleep(_REST_S)
            else:
                self._admit(connection, str(address[0]))
            # while callers queue up, accepting does not wait: without this nobody else would have a turn
            await asyncio.sleep(0)

    def _admit(self, connection: socket.socket, address: str) -> None:
        if not self._connections.enter(connection, address):
            # an answer would need a handshake, which is the expensive part
            connection.close()
            return
        task = self._loop.create_task(self._shake_hands(connection))
        self._handshakes.add(task)
        task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, connection: socket.socket) -> None:
        protocol = self._new_protocol()
        protocol.counted_as = connection
        try:
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._connections.limits.header_s,
            )
        except OSError as exc:
            logger.debug("connection.no_handshake", extra={"reason": str(exc)})
        finally:
            # after a handshake it is counted as its transport, and this changes nothing
            self._connections.leave(connection)
