"""Tokens that are good only together with the client certificate for which they were issued.

Such a token names the certificate by its SHA-256 thumbprint in `cnf`; stolen without the certificate's key it opens
nothing.

Source: RFC 8705, section 3.1; RFC 7800, section 3.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from shared.auth.jws import InvalidToken, encode_segment
from shared.auth.models import Identity

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

CLIENT_CERTIFICATE = "client_certificate"
"""Key of the connection's state under which the server puts the thumbprint of the certificate it verified."""

_THUMBPRINT_CHARACTERS = 43


def thumbprint(certificate_der: bytes) -> str:
    """SHA-256 of a certificate's DER bytes in base64url, as `x5t#S256` wants it."""
    return encode_segment(hashlib.sha256(certificate_der).digest())


def presented_certificate(connection: "HTTPConnection") -> str | None:
    """Thumbprint of the client certificate that the TLS handshake verified; None without one."""
    found = connection.scope.get("state", {}).get(CLIENT_CERTIFICATE)
    return found if isinstance(found, str) else None


def confirmation(claims: dict[str, Any]) -> str | None:
    """The thumbprint that a token's `cnf` demands; None where the token is bound to nothing.

    Raises:
        InvalidToken: If it is bound in another way, which we could not check.
    """
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    wanted = cnf.get("x5t#S256") if isinstance(cnf, dict) and len(cnf) == 1 else None
    if not isinstance(wanted, str) or len(wanted) != _THUMBPRINT_CHARACTERS:
        raise InvalidToken("bound in a way that is not known here")
    return wanted


def check_binding(identity: Identity, presented: str | None) -> None:
    """Let tokens without a binding pass, and those that come with their certificate.

    Raises:
        InvalidToken: If a bound token comes over a connection with another certificate, or with none.
    """
    if identity.certificate is not None and identity.certificate != presented:
        raise InvalidToken("bound to another client certificate" if presented else "bound to a client certificate")
