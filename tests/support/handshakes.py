"""Both sides of a TLS handshake in memory, so that the server's own words about a refusal can be read."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True)
class Met:
    """A handshake that succeeded, seen from both sides."""

    client: ssl.SSLObject
    server: ssl.SSLObject


def meet(server_context: ssl.SSLContext, client_context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> Met:
    """Let the two shake hands, and exchange a byte, with which TLS 1.3 delivers its tickets.

    Raises:
        ssl.SSLError: As the server sees it if it refuses; else as the client does.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server, server_hostname="127.0.0.1", session=session)
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    is_done = {client: False, server: False}
    while not all(is_done.values()):
        for side in (client, server):
            try:
                side.do_handshake()
                is_done[side] = True
            except ssl.SSLWantReadError:
                pass
    server.write(b"x")
    client.read(1)
    return Met(client, server)
