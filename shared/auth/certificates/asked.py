"""Which certificates somebody means who names one: by serial number exactly one, by name all that are still good."""

from collections.abc import Sequence
from datetime import datetime

from shared.auth.certificates.records import CertificateRecord
from shared.errors import InvalidInput, NotFound


class CertificateNotFound(NotFound):
    """No certificate has this name or serial number."""

    code = "certificate_not_found"

    def __init__(self, asked: str) -> None:
        super().__init__(f"No certificate of this authority is called '{asked}'; `clara admin certs list` shows all.")


class AmbiguousCertificate(InvalidInput):
    """A name stands for certificates of different kinds, of which hardly both are meant."""

    code = "ambiguous_certificate"

    def __init__(self, asked: str, found: Sequence[CertificateRecord]) -> None:
        each = ", ".join(f"{one.kind.value} {one.serial} (until {one.valid_until:%Y-%m-%d})" for one in found)
        super().__init__(
            f"'{asked}' is the name of a server and of a client: {each}. Say the serial number of the one you mean.",
            serials=[one.serial for one in found],
        )


def newest(records: Sequence[CertificateRecord], asked: str) -> CertificateRecord:
    """The one with this serial number, or the newest of this name, one that is not revoked before others.

    Raises:
        CertificateNotFound: If there is none.
    """
    return max(_asked(records, asked), key=lambda one: (one.revoked_at is None, one.valid_from))


def to_revoke(records: Sequence[CertificateRecord], asked: str, now: datetime) -> Sequence[CertificateRecord]:
    """The one with this serial number, or all of this name that are still good.

    After the files of a certificate were moved away there may be another one of its name. Whoever revokes a name wants
    none of them to be let in any more, the stolen one least of all, and nobody can tell by the name which that is.

    Args:
        records: Everything the authority issued.
        asked: Serial number or name.
        now: What has ended by now is meant only if there is nothing else; what is revoked, if that is all there is.

    Raises:
        CertificateNotFound: If there is none.
        AmbiguousCertificate: If a server and a client have this name.
    """
    found = _asked(records, asked)
    open_ones = [one for one in found if one.revoked_at is None]
    meant = [one for one in open_ones if now < one.valid_until] or open_ones
    if len({one.kind for one in meant}) > 1:
        raise AmbiguousCertificate(asked, meant)
    return meant or found


def _asked(records: Sequence[CertificateRecord], asked: str) -> Sequence[CertificateRecord]:
    by_serial = [one for one in records if one.serial == asked.lower()]
    found = by_serial or [one for one in records if one.name == asked]
    if not found:
        raise CertificateNotFound(asked)
    return found
