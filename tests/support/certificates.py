"""A certificate authority for one test run, and certificates that nobody should accept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from shared.auth.certificates import building
from shared.auth.certificates.authority import CertificateAuthority, Issued, utc_seconds
from shared.auth.certificates.building import Kind, Signer


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key as PEM files."""

    cert: Path
    key: Path


class Authority:
    """Signs server and client certificates; everything lies below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.real = CertificateAuthority.create(folder / "authority", "CLARA test authority", days=30)
        self.cert, self.crl = self.real.cert_file, self.real.crl_file

    def issue(self, name: str) -> Certificate:
        """A certificate for an address (server) or a plain name (client)."""
        issued = self.issued(name)
        return Certificate(issued.cert_file, issued.key_file)

    def issued(self, name: str) -> Issued:
        """The same, with what it says."""
        if name[0].isdigit():
            return self.real.issue_server(name, [name], days=20)
        return self.real.issue_client(name, days=20)

    def expired(self, folder: Path) -> Certificate:
        """A client certificate that ended a minute ago."""
        begin = utc_seconds() - timedelta(days=1, minutes=1)
        return _written(folder / "expired", self.real._signer(), Kind.CLIENT, begin)


def foreign(folder: Path) -> Certificate:
    """A client certificate of another authority of the same name."""
    key = building.new_key()
    own = building.authority_certificate(key, "CLARA test authority", now=utc_seconds(), days=1)
    return _written(folder / "foreign", Signer(own, key), Kind.CLIENT, utc_seconds())


def self_signed(folder: Path) -> Certificate:
    """A client certificate that vouches for itself."""
    key = building.new_key()
    own = building.authority_certificate(key, "self", now=utc_seconds(), days=1)
    return _files(folder / "self", building.certificate_pem(own), building.key_pem(key))


def _written(path: Path, signer: Signer, kind: Kind, now: datetime) -> Certificate:
    key = building.new_key()
    certificate = building.end_certificate(signer, key, path.name, kind, now=now, days=1)
    return _files(path, building.certificate_pem(certificate), building.key_pem(key))


def _files(path: Path, certificate: bytes, key: bytes) -> Certificate:
    cert_file, key_file = path.with_name(f"{path.name}.pem"), path.with_name(f"{path.name}-key.pem")
    cert_file.write_bytes(certificate)
    key_file.write_bytes(key)
    return Certificate(cert_file, key_file)
