"""A certificate authority in a folder: what it has issued and revoked are files, so that there is nothing to get lost.

ca.pem  ca-key.pem  crl.pem
issued/SERIAL.pem             every certificate it ever signed
revoked/SERIAL                when that one was revoked
servers/NAME.pem  NAME-key.pem
clients/NAME.pem  NAME-key.pem  NAME.p12
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from shared.auth.certificates import building
from shared.auth.certificates.asked import newest, to_revoke
from shared.auth.certificates.building import Kind, Signer
from shared.auth.certificates.files import (
    CertificateExists,
    CertificateFileUnusable,
    checked_name,
    read,
    replace_file,
    write_new,
)
from shared.auth.certificates.records import CertificateRecord, record_of
from shared.errors import InvalidInput, NotFound

CA_FILE, CA_KEY_FILE, CRL_FILE = "ca.pem", "ca-key.pem", "crl.pem"
_FOLDERS = {Kind.SERVER: "servers", Kind.CLIENT: "clients"}
_HOST = re.compile(
    r"(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*\Z"
)


class NoAuthority(NotFound):
    """The folder holds no certificate authority."""

    code = "no_certificate_authority"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} holds no certificate authority; `clara admin certs init` makes one.")


class UnusableAddress(InvalidInput):
    """What shall stand in a server's certificate is neither a host name nor an IP address."""

    code = "unusable_address"

    def __init__(self, address: str) -> None:
        super().__init__(f"'{address[:80]}' is neither a host name nor an IP address (no port, no https://).")


class LongerThanAuthority(InvalidInput):
    """A certificate would outlive the authority that vouches for it."""

    code = "longer_than_authority"

    def __init__(self, days: int, days_left: int) -> None:
        super().__init__(f"{days} days are longer than the authority itself is valid ({days_left} days).")


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate and where it lies.

    Args:
        record: What it says.
        cert_file: Certificate (PEM).
        key_file: Private key (PEM), mode 600.
        pkcs12_file: Both and the authority in one file with a password, if it was asked for.
    """

    record: CertificateRecord
    cert_file: Path
    key_file: Path
    pkcs12_file: Path | None = None


def utc_seconds() -> datetime:
    """Now; certificates know no fractions of seconds."""
    return datetime.now(UTC).replace(microsecond=0)


class CertificateAuthority:
    """The authority of a folder.

    Args:
        folder: Where `create` made it.
        clock: Now.

    Raises:
        NoAuthority: If there is none.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], datetime] = utc_seconds) -> None:
        if not (folder / CA_FILE).is_file():
            raise NoAuthority(folder)
        self.folder = folder
        self._clock = clock

    @classmethod
    def create(
        cls, folder: Path, name: str, *, days: int, clock: Callable[[], datetime] = utc_seconds
    ) -> "CertificateAuthority":
        """Make key, certificate and an empty revocation list.

        Raises:
            CertificateExists: If the folder holds an authority; nothing is changed.
        """
        if (folder / CA_FILE).exists():
            raise CertificateExists(folder / CA_FILE)
        key = building.new_key()
        certificate = building.authority_certificate(key, name, now=clock(), days=days)
        write_new(folder / CA_KEY_FILE, building.key_pem(key), is_secret=True)
        # last: with this file there is an authority
        empty = building.revocation_list(Signer(certificate, key), {}, number=1, now=clock())
        write_new(folder / CRL_FILE, building.certificate_pem(empty))
        write_new(folder / CA_FILE, building.certificate_pem(certificate))
        return cls(folder, clock=clock)

    @property
    def cert_file(self) -> Path:
        """Its certificate: what servers and clients trust."""
        return self.folder / CA_FILE

    @property
    def crl_file(self) -> Path:
        """Its revocation list: what servers check."""
        return self.folder / CRL_FILE

    def record(self) -> CertificateRecord:
        """Its own certificate."""
        return record_of(_certificate(self.cert_file))

    def issue_server(self, name: str, addresses: Sequence[str], *, days: int) -> Issued:
        """A certificate for a server that is called by these host names and IP addresses.

        Raises:
            UnusableName: If the name cannot be a file name.
            UnusableAddress: If an address is none.
            LongerThanAuthority: If it would outlive the authority.
            CertificateExists: If there is one of this name.
        """
        return self._issue(name, Kind.SERVER, [_checked_address(address) for address in addresses or [name]], days)

    def issue_client(self, name: str, *, days: int, pkcs12_password: str | None = None) -> Issued:
        """A certificate for a person or a program; a name that is an e-mail address stands in it as one.

        Args:
            name: Common name and file name.
            days: How long it is valid.
            pkcs12_password: Given: also write a PKCS#12 file for Windows and browsers.

        Raises:
            UnusableName: If the name cannot be a file name.
            LongerThanAuthority: If it would outlive the authority.
            CertificateExists: If there is one of this name.
        """
        return self._issue(name, Kind.CLIENT, [name] if "@" in name else [], days, pkcs12_password)

    def revoke(self, asked: str) -> Sequence[CertificateRecord]:
        """Revoke the certificate with this serial number, or all of this name that are still good.

        Returns:
            Those that were meant, with `revoked_at`, soonest end first; a second revocation changes nothing.

        Raises:
            CertificateNotFound: If there is none.
            AmbiguousCertificate: If a server and a client have this name; nothing is revoked.
        """
        meant = to_revoke(self.certificates(), asked, self._clock())
        stamp = self._clock().isoformat().encode("ascii")
        for one in meant:
            # it may be revoked already, by somebody at the same time even
            with suppress(CertificateExists):
                write_new(self.folder / "revoked" / one.serial, stamp)
        self._publish_revocations()
        serials = {one.serial for one in meant}
        return [one for one in self.certificates() if one.serial in serials]

    def find(self, asked: str) -> CertificateRecord:
        """The certificate with this serial number, or the newest of this name.

        Raises:
            CertificateNotFound: If there is none.
        """
        return newest(self.certificates(), asked)

    def certificates(self) -> list[CertificateRecord]:
        """Everything it issued, soonest end first."""
        revoked = self._revoked()
        issued = [_certificate(path) for path in (self.folder / "issued").glob("*.pem")]
        records = [record_of(one, revoked.get(one.serial_number)) for one in issued]
        return sorted(records, key=lambda one: (one.valid_until, one.serial))

    def _issue(
        self, name: str, kind: Kind, addresses: Sequence[str], days: int, pkcs12_password: str | None = None
    ) -> Issued:
        place = self.folder / _FOLDERS[kind]
        cert_file, key_file = place / f"{checked_name(name)}.pem", place / f"{name}-key.pem"
        bundle_file = None if pkcs12_password is None else place / f"{name}.p12"
        for path in filter(None, (cert_file, key_file, bundle_file)):
            if path.exists():
                raise CertificateExists(path)
        signer, now = self._signer(), self._clock()
        days_left = (signer.certificate.not_valid_after_utc - now).days
        if days > days_left:
            raise LongerThanAuthority(days, days_left)
        key = building.new_key()
        certificate = building.end_certificate(signer, key, name, kind, addresses=addresses, now=now, days=days)
        pem = building.certificate_pem(certificate)
        # first: what is signed can be revoked, whatever becomes of the rest
        write_new(self.folder / "issued" / f"{certificate.serial_number:x}.pem", pem)
        write_new(key_file, building.key_pem(key), is_secret=True)
        write_new(cert_file, pem)
        if bundle_file is not None:
            write_new(bundle_file, _pkcs12(name, key, certificate, signer, str(pkcs12_password)), is_secret=True)
        return Issued(record_of(certificate), cert_file, key_file, bundle_file)

    def _publish_revocations(self) -> None:
        """Write the list anew until it names all; of two commands at once neither loses the other's revocation."""
        signer, published = self._signer(), None
        while (revoked := self._revoked()) != published:
            number = _crl_number(self.crl_file) + 1
            fresh = building.revocation_list(signer, revoked, number=number, now=self._clock())
            replace_file(self.crl_file, building.certificate_pem(fresh))
            published = revoked

    def _revoked(self) -> dict[int, datetime]:
        folder = self.folder / "revoked"
        marks = {int(path.name, 16): read(path) for path in folder.iterdir()} if folder.is_dir() else {}
        # an empty mark is one whose writer was killed: revoked all the same
        return {
            serial: datetime.fromisoformat(stamp.decode("ascii")) if stamp else self._clock()
            for serial, stamp in marks.items()
        }

    def _signer(self) -> Signer:
        path = self.folder / CA_KEY_FILE
        try:
            key = serialization.load_pem_private_key(read(path), password=None)
        except (ValueError, TypeError) as exc:
            raise CertificateFileUnusable(path, "it holds no unencrypted private key") from exc
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise CertificateFileUnusable(path, "it holds a key of another kind than EC")
        return Signer(_certificate(self.cert_file), key)


def _certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(read(path))
    except ValueError as exc:
        raise CertificateFileUnusable(path, "it holds no certificate (PEM)") from exc


def _crl_number(path: Path) -> int:
    try:
        known = x509.load_pem_x509_crl(read(path))
        return known.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (ValueError, x509.ExtensionNotFound) as exc:
        raise CertificateFileUnusable(path, "it holds no revocation list of ours") from exc


def _checked_address(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        if not _HOST.match(address):
            raise UnusableAddress(address) from None
    return address


def _pkcs12(
    name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, signer: Signer, password: str
) -> bytes:
    encryption = serialization.BestAvailableEncryption(password.encode("utf-8"))
    return pkcs12.serialize_key_and_certificates(
        name.encode("utf-8"), key, certificate, [signer.certificate], encryption
    )
