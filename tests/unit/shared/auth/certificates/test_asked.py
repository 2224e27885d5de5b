"""Which certificates a name or serial number means."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.auth.certificates.asked import AmbiguousCertificate, CertificateNotFound, newest, to_revoke
from shared.auth.certificates.building import Kind
from shared.auth.certificates.records import CertificateRecord

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def record(
    serial: str, name: str = "anna", *, kind: Kind = Kind.CLIENT, age_days: int = 1, revoked: bool = False
) -> CertificateRecord:
    """A certificate of ten days."""
    begin = NOW - timedelta(days=age_days)
    revoked_at = NOW if revoked else None
    return CertificateRecord(name, kind, serial, (), begin, begin + timedelta(days=10), "", "", revoked_at)


def serials(*records: CertificateRecord, asked: str = "anna") -> list[str]:
    return [one.serial for one in to_revoke(records, asked, NOW)]


def test_what_is_good_goes_before_what_has_ended_and_that_before_what_is_revoked() -> None:
    good, later = record("a1"), record("a2", age_days=-1)
    ended, revoked = record("a3", age_days=20), record("a4", revoked=True)
    assert serials(good, later, ended, revoked) == ["a1", "a2"]
    assert serials(ended, revoked) == ["a3"]
    assert serials(revoked) == ["a4"]


def test_kinds_matter_only_among_what_can_be_meant() -> None:
    client, server = record("a1"), record("a2", kind=Kind.SERVER)
    with pytest.raises(AmbiguousCertificate, match=r"client a1 .*server a2"):
        serials(client, server)
    assert serials(client, record("a2", kind=Kind.SERVER, age_days=20)) == ["a1"]
    assert serials(client, record("a2", kind=Kind.SERVER, revoked=True)) == ["a1"]
    assert serials(client, server, asked="A2") == ["a2"]


def test_a_serial_number_goes_before_a_name() -> None:
    mine, named_like_it = record("abc"), record("a2", name="abc")
    assert serials(mine, named_like_it, asked="abc") == ["abc"]
    assert newest([named_like_it, mine], "abc") is mine


def test_the_newest_that_is_not_revoked_is_shown() -> None:
    old, young, revoked = record("a1", age_days=5), record("a2", age_days=2), record("a3", revoked=True)
    assert newest([old, young, revoked], "anna") is young
    assert newest([revoked], "anna") is revoked


def test_nobody_is_not_found() -> None:
    for find in (lambda: newest([], "anna"), lambda: to_revoke([record("a1")], "bert", NOW)):
        with pytest.raises(CertificateNotFound, match="certs list"):
            find()
