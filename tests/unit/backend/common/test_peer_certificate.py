"""The application learns which certificate a client showed, whichever HTTP protocol is installed."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from backend.common.peer_certificate import http_protocol, with_peer_certificate
from backend.common.tls import TlsFiles, server_context
from shared.auth.binding import CLIENT_CERTIFICATE
from tests.support.certificates import Authority, Certificate
from tests.support.handshakes import meet
from tests.support.tls_callers import client_context

pytestmark = pytest.mark.anyio


class Connection(asyncio.Transport):
    """A connection that stands, as the event loop shows it."""

    def __init__(self, ssl_object: object) -> None:
        super().__init__({"ssl_object": ssl_object, "sslcontext": None, "peername": ("127.0.0.1", 1), "socket": None})


@pytest.mark.parametrize("protocol", [H11Protocol, HttpToolsProtocol])
async def test_every_request_of_a_connection_carries_its_certificate(protocol: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, anna = authority.issue("127.0.0.1"), authority.issued("anna")
    met = meet(
        server_context(TlsFiles(server.cert, server.key, authority.cert, authority.crl)),
        client_context(authority.cert, Certificate(anna.cert_file, anna.key_file)),
    )
    shared: dict[str, Any] = {"store": "open"}
    made = with_peer_certificate(protocol)(uvicorn.Config(None), ServerState(), shared)  # type: ignore[call-arg]

    made.connection_made(Connection(met.server))

    assert made.app_state == {"store": "open", CLIENT_CERTIFICATE: anna.record.thumbprint}  # type: ignore[attr-defined]
    assert shared == {"store": "open"}


def test_without_client_certificates_nothing_is_looked_for(tmp_path: Path) -> None:
    assert http_protocol(None) == "auto"
    assert http_protocol(TlsFiles(tmp_path, tmp_path)) == "auto"
