"""Tell the application which client certificate the handshake verified, so that tokens can be bound to it."""

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from backend.common.tls import TlsFiles
from shared.auth.binding import CLIENT_CERTIFICATE, thumbprint


def http_protocol(tls: TlsFiles | None) -> Any:
    """The HTTP protocol for uvicorn: the quickest installed, with the client's certificate where one is demanded."""
    if tls is None or tls.client_ca_file is None:
        return "auto"
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    return with_peer_certificate(AutoHTTPProtocol)


def with_peer_certificate(http: Any) -> type[asyncio.Protocol]:
    """One of uvicorn's HTTP protocols, which tells the application the thumbprint of the client's certificate."""
    base: Any = asyncio.Protocol if TYPE_CHECKING else http

    class PeerCertificateProtocol(base):  # type: ignore[misc]  # which of them it is, the installation decides
        """Every request and WebSocket of a connection gets a copy of `app_state`, the thumbprint in it."""

        app_state: dict[str, Any]

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """The handshake is over."""
            super().connection_made(transport)
            tls = transport.get_extra_info("ssl_object")
            der = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
            self.app_state = {**self.app_state, CLIENT_CERTIFICATE: thumbprint(der) if der else None}

    return PeerCertificateProtocol
