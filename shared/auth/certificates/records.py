"""What a certificate says, read off its bytes."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.auth.binding import thumbprint
from shared.auth.certificates.building import Kind


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One certificate.

    Args:
        name: Common name.
        kind: What it is for.
        serial: Serial number in hexadecimal digits.
        addresses: Names and addresses it stands for.
        valid_from: Begin.
        valid_until: End.
        thumbprint: SHA-256 of its DER bytes in base64url, as `cnf` of a token names it (`x5t#S256`).
        fingerprint: The same in hexadecimal digits, as browsers and `openssl x509 -fingerprint` show it.
        revoked_at: When it was revoked; None: it was not.
    """

    name: str
    kind: Kind
    serial: str
    addresses: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    thumbprint: str
    fingerprint: str
    revoked_at: datetime | None = None

    def days_left(self, now: datetime) -> int:
        """Whole days until it ends; negative once it has."""
        return (self.valid_until - now).days

    def state(self, now: datetime) -> str:
        """`revoked`, `expired`, `not yet valid` or `valid`."""
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.valid_until:
            return "expired"
        return "valid" if now >= self.valid_from else "not yet valid"


def record_of(certificate: x509.Certificate, revoked_at: datetime | None = None) -> CertificateRecord:
    """What a certificate says."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return CertificateRecord(
        name=str(names[0].value) if names else "",
        kind=_kind(certificate),
        serial=f"{certificate.serial_number:x}",
        addresses=_addresses(certificate),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        thumbprint=thumbprint(der),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        revoked_at=revoked_at,
    )


def _kind(certificate: x509.Certificate) -> Kind:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return Kind.AUTHORITY
    return Kind.SERVER if ExtendedKeyUsageOID.SERVER_AUTH in purposes else Kind.CLIENT


def _addresses(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)
