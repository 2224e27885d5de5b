"""Call a TLS listener by hand: what happens in the handshake is what is looked at."""

import socket
import ssl
from pathlib import Path

from tests.support.certificates import Certificate

ANSWERED = "answered"
_REQUEST = b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


def client_context(authority: Path, certificate: Certificate | None = None) -> ssl.SSLContext:
    """Trusts the authority and shows the certificate."""
    context = ssl.create_default_context(cafile=str(authority))
    if certificate is not None:
        context.load_cert_chain(certificate.cert, certificate.key)
    return context


def outcome(port: int, context: ssl.SSLContext) -> str:
    """`answered` if an HTTP answer came; else the alert with which the server ended the handshake, or the error.

    In TLS 1.3 a client is through with its part before the server has judged its certificate: the alert comes when it
    reads, and whatever it sent in between no application has seen.
    """
    try:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            tls.sendall(_REQUEST)
            return ANSWERED if tls.recv(64).startswith(b"HTTP/1.1 200") else "closed"
    except ssl.SSLError as exc:
        return exc.reason or type(exc).__name__
    except OSError as exc:
        return type(exc).__name__
