"""TLS of a listener: 1.2 or newer, client certificates with revocation, and files that may change while it serves.

A certificate that was renewed, or a revocation list that grew, is in force with the next handshake; nobody restarts a
service for it, least of all to lock a thief out.
"""

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidInput

logger = logging.getLogger(__name__)

# forward secrecy and authenticated encryption only (BSI TR-02102-2); TLS 1.3 has nothing else
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_REFUSED = ssl.AlertDescription.ALERT_DESCRIPTION_HANDSHAKE_FAILURE

Stamp = tuple[tuple[int, int, int], ...]


class TlsFilesUnusable(InvalidInput):
    """A file cannot be read, is not what its setting says, or does not fit the others."""

    code = "tls_files_unusable"

    def __init__(self, reason: OSError | str) -> None:
        super().__init__(
            f"The TLS files cannot be used ({reason}); check CLARA_TLS_CERT_FILE, CLARA_TLS_KEY_FILE, "
            "CLARA_TLS_CLIENT_CA_FILE and CLARA_TLS_CLIENT_CRL_FILE."
        )


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files for TLS.

    Args:
        cert_file: Our certificate chain (PEM).
        key_file: Its private key (PEM).
        client_ca_file: Given: only clients with a certificate of this CA get through the handshake (mTLS).
        client_crl_file: Given: none that this CA has revoked either; a list that has ended lets nobody in.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_crl_file: Path | None = None

    def stamp(self) -> Stamp:
        """Changes whenever one of the files is replaced or written.

        Raises:
            OSError: If one is gone.
        """
        paths = (self.cert_file, self.key_file, self.client_ca_file, self.client_crl_file)
        found = (path.stat() for path in paths if path is not None)
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in found)


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """What a listener needs for TLS.

    Raises:
        TlsFilesUnusable: If a file cannot be read or does not fit the others.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.cert_file, files.key_file)
        if files.client_ca_file is not None:
            _demand_client_certificates(context, files.client_ca_file, files.client_crl_file)
    except OSError as exc:
        raise TlsFilesUnusable(exc) from exc
    return context


def _demand_client_certificates(context: ssl.SSLContext, ca_file: Path, crl_file: Path | None) -> None:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file)
    # a resumed session is not verified again: who was revoked in between would come back with it
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    if crl_file is not None:
        _require_revocation_list(crl_file)
        context.load_verify_locations(crl_file)
        context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


def _require_revocation_list(file: Path) -> None:
    """Refuse what OpenSSL takes without a word: certificates instead of a list let nobody in, and beside it others."""
    alone = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        alone.load_verify_locations(file)
    except ssl.SSLError as exc:
        raise TlsFilesUnusable(f"'{file}' is no revocation list (PEM): {exc}") from exc
    found = alone.cert_store_stats()
    if not found["crl"]:
        raise TlsFilesUnusable(f"'{file}' is no revocation list (PEM): it holds certificates only")
    if found["x509"]:
        raise TlsFilesUnusable(f"'{file}' holds certificates beside a revocation list, and they would be trusted")


class FollowedTls:
    """A context for a listener that turns every handshake over to one made of the files as they are now.

    Args:
        files: What it is made of.

    Raises:
        TlsFilesUnusable: If they cannot be used now. Later ones are logged, and the last good ones serve on.
    """

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._fresh = self.context = server_context(files)
        self._stamp = self._seen()
        self.context.sni_callback = self._on_hello

    def _on_hello(self, connection: ssl.SSLObject, _name: str | None, context: ssl.SSLContext) -> int | None:
        # called with every client hello, whether it names a server or not
        self._follow()
        if self._files.client_ca_file is not None and connection.session_reused:
            # TLS 1.2 only, where Python cannot turn sessions off; told so, a client comes back with its certificate
            return _REFUSED
        if self._fresh is not context:
            connection.context = self._fresh
        return None

    def _follow(self) -> None:
        # four calls of stat beside a handshake that costs a hundred times as much
        stamp = self._seen()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._fresh = server_context(self._files)
        except TlsFilesUnusable as exc:
            logger.error("tls.files_unusable", extra={"reason": exc.message})
        else:
            logger.info("tls.files_reloaded")

    def _seen(self) -> Stamp:
        try:
            return self._files.stamp()
        except OSError:
            return ()
