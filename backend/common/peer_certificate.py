"""Which client certificate the handshake of a connection verified, so that tokens can be bound to it."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

from shared.auth.binding import CLIENT_CERTIFICATE, thumbprint


def certificate_state(transport: asyncio.BaseTransport) -> Mapping[str, Any]:
    """What the state of every request of a connection gets: the thumbprint of its certificate, None without one.

    Empty where the connection is not encrypted.
    """
    tls = transport.get_extra_info("ssl_object")
    if not isinstance(tls, ssl.SSLObject):
        return {}
    der = tls.getpeercert(binary_form=True)
    return {CLIENT_CERTIFICATE: thumbprint(der) if der else None}
