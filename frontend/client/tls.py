"""TLS as a caller of services: whom it trusts, and the certificate it shows where services demand one."""

import ssl
from pathlib import Path
from typing import Protocol

from shared.errors import InvalidInput


class ClientCertificateUnusable(InvalidInput):
    """The files for TLS of the settings cannot be used."""

    code = "client_certificate_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The certificate for calls to services cannot be used: {reason}. Check CLARA_CLIENT_CERT_FILE, "
            "CLARA_CLIENT_KEY_FILE and CLARA_CLIENT_CA_FILE."
        )


class ClientTlsSettings(Protocol):
    """The settings that `client_context` reads."""

    @property
    def client_cert_file(self) -> Path | None: ...  # noqa: D102 - described in config/base.py
    @property
    def client_key_file(self) -> Path | None: ...  # noqa: D102
    @property
    def client_ca_file(self) -> Path | None: ...  # noqa: D102


def client_context(settings: ClientTlsSettings) -> ssl.SSLContext | None:
    """TLS for calls to services; None where the settings say nothing and the machine's own trust decides.

    Raises:
        ClientCertificateUnusable: If a file is missing or does not fit the others.
    """
    cert_file, key_file, ca_file = settings.client_cert_file, settings.client_key_file, settings.client_ca_file
    if cert_file is None and key_file is None and ca_file is None:
        return None
    if (cert_file is None) != (key_file is None):
        raise ClientCertificateUnusable("certificate and key are needed together")
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file.expanduser()))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if cert_file is not None and key_file is not None:
            # an encrypted key would make OpenSSL ask at the terminal, in the middle of a script
            context.load_cert_chain(cert_file.expanduser(), key_file.expanduser(), password=lambda: "")
    except OSError as exc:
        raise ClientCertificateUnusable(str(exc)) from exc
    return context


def provider_context(settings: ClientTlsSettings) -> ssl.SSLContext | None:
    """TLS for calls to the identity provider: this machine's trust, and the authority of the settings beside it.

    Raises:
        ClientCertificateUnusable: If the authority's file cannot be read.
    """
    if settings.client_ca_file is None:
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(settings.client_ca_file.expanduser())
    except OSError as exc:
        raise ClientCertificateUnusable(str(exc)) from exc
    return context
