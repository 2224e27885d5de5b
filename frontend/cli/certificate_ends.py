"""When the certificates and the revocation list of the settings end: one day they lock everybody out, all at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from config import BaseConfig

_FILES = ("tls_cert_file", "tls_client_ca_file", "tls_client_crl_file", "client_cert_file", "client_ca_file")


@dataclass(frozen=True, slots=True)
class CertificateEnd:
    """One file of the settings.

    Args:
        setting: Its environment variable.
        path: Where it is.
        ends: Its end; None: it cannot be read.
        problem: Why it cannot be read.
    """

    setting: str
    path: Path
    ends: datetime | None
    problem: str = ""


def certificate_ends(settings: BaseConfig) -> Iterator[CertificateEnd]:
    """Every file that is set."""
    for name in _FILES:
        path: Path | None = getattr(settings, name)
        if path is None:
            continue
        try:
            yield CertificateEnd(f"CLARA_{name.upper()}", path, _end(path.expanduser()))
        except (OSError, ValueError) as exc:
            reason = getattr(exc, "strerror", None) or "it holds neither a certificate nor a revocation list (PEM)"
            yield CertificateEnd(f"CLARA_{name.upper()}", path, None, reason)


def _end(path: Path) -> datetime | None:
    """The earliest end of what a file holds."""
    from cryptography import x509

    pem = path.read_bytes()
    if b"BEGIN X509 CRL" in pem:
        return x509.load_pem_x509_crl(pem).next_update_utc
    return min(certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(pem))
