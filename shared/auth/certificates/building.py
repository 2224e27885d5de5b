"""X.509 certificates and revocation lists as our authority makes them: EC P-256, SHA-256, one purpose each.

Source: RFC 5280; BSI TR-02102-1 (P-256 and SHA-256 are recommended beyond 2030).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CLOCKS_MAY_DIFFER = timedelta(minutes=5)


class Kind(StrEnum):
    """What a certificate is for; it serves for nothing else."""

    AUTHORITY = "authority"
    SERVER = "server"
    CLIENT = "client"


_PURPOSE = {Kind.SERVER: ExtendedKeyUsageOID.SERVER_AUTH, Kind.CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the authority's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A private key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as unencrypted PKCS#8; services start without anybody who could type a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def certificate_pem(certificate: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """A certificate or revocation list in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority_certificate(key: ec.EllipticCurvePrivateKey, name: str, *, now: datetime, days: int) -> x509.Certificate:
    """A self-signed certificate that may sign certificates of ends, and no further authorities."""
    subject = _common_name(name)
    usage = _key_usage(is_authority=True)
    return (
        _builder(subject, subject, key.public_key(), now=now, days=days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def end_certificate(
    signer: Signer,
    key: ec.EllipticCurvePrivateKey,
    name: str,
    kind: Kind,
    *,
    addresses: Sequence[str] = (),
    now: datetime,
    days: int,
) -> x509.Certificate:
    """A certificate of one server or one client.

    Args:
        signer: The authority.
        key: Of the new certificate.
        name: Its common name.
        kind: Server or client.
        addresses: Names and IP addresses under which a server is called; e-mail addresses of a client.
        now: Start of its validity, less a few minutes for clocks that differ.
        days: How long it is valid.
    """
    builder = (
        _builder(_common_name(name), signer.certificate.subject, key.public_key(), now=now, days=days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([_PURPOSE[kind]]), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    if addresses:
        names = [general_name(address) for address in addresses]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer.key, hashes.SHA256())


def revocation_list(
    signer: Signer, revoked: Mapping[int, datetime], *, number: int, now: datetime
) -> x509.CertificateRevocationList:
    """The list of revoked serial numbers.

    It is good for as long as the authority: it is a file on the servers and replaced with every revocation, so that an
    earlier end would lock everybody out one day and protect nobody.

    Args:
        signer: The authority.
        revoked: Serial number -> when.
        number: Greater than that of the list before.
        now: When it is made.
    """
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(now - _CLOCKS_MAY_DIFFER)
        .next_update(signer.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), critical=False)
    )
    for entry in _entries(revoked.items()):
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(signer.key, hashes.SHA256())


def general_name(address: str) -> x509.GeneralName:
    """An IP address, an e-mail address or a DNS name, as it stands in a certificate."""
    try:
        return x509.IPAddress(ip_address(address))
    except ValueError:
        return x509.RFC822Name(address) if "@" in address else x509.DNSName(address)


def _entries(revoked: Iterable[tuple[int, datetime]]) -> Iterable[x509.RevokedCertificate]:
    for serial, at in sorted(revoked):
        yield x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at).build()


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_MAY_DIFFER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
