"""Which certificate a caller shows, and whom it trusts."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from backend.common.tls import TlsFiles, server_context
from frontend.client.tls import ClientCertificateUnusable, client_context
from tests.support.certificates import Authority
from tests.support.handshakes import meet


@dataclass(frozen=True)
class Settings:
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    client_ca_file: Path | None = None


def test_without_settings_the_machines_own_trust_decides() -> None:
    assert client_context(Settings()) is None


def test_the_certificate_of_the_settings_opens(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server, client = authority.issue("127.0.0.1"), authority.issue("anna")
    listener = server_context(TlsFiles(server.cert, server.key, authority.cert, authority.crl))
    context = client_context(Settings(client.cert, client.key, authority.cert))
    assert context is not None
    meet(listener, context)
    anonymous = client_context(Settings(client_ca_file=authority.cert))
    assert anonymous is not None
    with pytest.raises(ssl.SSLError):
        meet(listener, anonymous)


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    anna, bert = authority.issue("anna"), authority.issue("bert")
    wrong = [
        Settings(client_cert_file=anna.cert),
        Settings(client_key_file=anna.key),
        Settings(anna.cert, bert.key),
        Settings(Path("/nowhere.pem"), anna.key),
        Settings(client_ca_file=Path("/nowhere.pem")),
    ]
    for settings in wrong:
        with pytest.raises(ClientCertificateUnusable, match="CLARA_CLIENT_CERT_FILE"):
            client_context(settings)
