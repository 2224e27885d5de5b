"""The application learns which certificate a client showed."""

import asyncio
from pathlib import Path

from backend.common.peer_certificate import certificate_state
from backend.common.tls import TlsFiles, server_context
from shared.auth.binding import CLIENT_CERTIFICATE
from tests.support.certificates import Authority, Certificate
from tests.support.handshakes import meet
from tests.support.tls_callers import client_context


class Connection(asyncio.Transport):
    """A connection that stands, as the event loop shows it."""

    def __init__(self, ssl_object: object) -> None:
        super().__init__({"ssl_object": ssl_object, "sslcontext": None, "peername": ("127.0.0.1", 1), "socket": None})


def test_the_state_of_a_connection_names_its_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, anna = authority.issue("127.0.0.1"), authority.issued("anna")
    met = meet(
        server_context(TlsFiles(server.cert, server.key, authority.cert, authority.crl)),
        client_context(authority.cert, Certificate(anna.cert_file, anna.key_file)),
    )

    assert certificate_state(Connection(met.server)) == {CLIENT_CERTIFICATE: anna.record.thumbprint}


def test_a_connection_that_is_not_encrypted_has_no_such_state() -> None:
    assert certificate_state(Connection(None)) == {}
