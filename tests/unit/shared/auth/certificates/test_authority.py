"""What the authority makes, refuses, and remembers."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from shared.auth.certificates.asked import AmbiguousCertificate, CertificateNotFound
from shared.auth.certificates.authority import (
    CertificateAuthority,
    LongerThanAuthority,
    NoAuthority,
    UnusableAddress,
)
from shared.auth.certificates.files import CertificateExists, CertificateFileUnusable, UnusableName
from shared.errors import ClaraError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path / "certs", "Stadt Musterhausen", days=100, clock=lambda: NOW)


def revocations(authority: CertificateAuthority) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(authority.crl_file.read_bytes())


def test_a_new_authority_has_a_key_for_its_owner_alone_and_an_empty_signed_list(
    authority: CertificateAuthority,
) -> None:
    certificate = x509.load_pem_x509_certificate(authority.cert_file.read_bytes())
    listed = revocations(authority)
    assert listed.is_signature_valid(certificate.public_key())  # type: ignore[arg-type]
    assert len(listed) == 0
    assert listed.next_update_utc == certificate.not_valid_after_utc
    assert authority.record().name == "Stadt Musterhausen"
    if os.name == "posix":
        assert (authority.folder / "ca-key.pem").stat().st_mode & 0o777 == 0o600


def test_nothing_is_ever_overwritten(authority: CertificateAuthority) -> None:
    before = {path: path.read_bytes() for path in authority.folder.rglob("*") if path.is_file()}
    with pytest.raises(CertificateExists):
        CertificateAuthority.create(authority.folder, "again", days=1)
    issued = authority.issue_client("anna", days=10)
    content = issued.key_file.read_bytes()
    with pytest.raises(CertificateExists):
        authority.issue_client("anna", days=10)
    assert issued.key_file.read_bytes() == content
    assert all(path.read_bytes() == known for path, known in before.items())


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [(["clara.stadt.example", "10.1.2.3"], ("clara.stadt.example", "10.1.2.3")), ([], ("srv",)), (["::1"], ("::1",))],
)
def test_a_servers_certificate_stands_for_its_addresses_and_serves_no_client(
    authority: CertificateAuthority, addresses: list[str], expected: tuple[str, ...]
) -> None:
    issued = authority.issue_server("srv", addresses, days=10)
    certificate = x509.load_pem_x509_certificate(issued.cert_file.read_bytes())
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert issued.record.addresses == expected
    if os.name == "posix":
        assert issued.key_file.stat().st_mode & 0o777 == 0o600


def test_a_client_gets_one_file_with_a_password_if_it_wants(authority: CertificateAuthority) -> None:
    issued = authority.issue_client("anna@stadt.example", days=10, pkcs12_password="sehr geheim")
    assert issued.pkcs12_file is not None
    key, certificate, others = pkcs12.load_key_and_certificates(issued.pkcs12_file.read_bytes(), b"sehr geheim")
    assert key is not None
    assert certificate is not None
    assert [format(one.serial_number, "x") for one in (certificate, *others)] == [
        issued.record.serial,
        authority.record().serial,
    ]


def test_a_revoked_certificate_is_listed_for_good_and_once(authority: CertificateAuthority) -> None:
    records = [authority.issue_client(name, days=10).record for name in ("anna", "bert", "cleo")]
    (first,) = authority.revoke("anna")
    (second,) = authority.revoke(records[1].serial.upper())
    (again,) = authority.revoke("anna")
    assert first.revoked_at == second.revoked_at == again.revoked_at == NOW
    listed = revocations(authority)
    assert sorted(f"{one.serial_number:x}" for one in listed) == sorted(r.serial for r in records[:2])
    states = {one.name: one.state(NOW) for one in authority.certificates()}
    assert states == {"anna": "revoked", "bert": "revoked", "cleo": "valid"}


def issued_again(authority: CertificateAuthority, name: str, times: int) -> list[str]:
    """The serial numbers of certificates of one name, each made after the files of the one before were moved away."""
    serials = []
    for number in range(times):
        issued = authority.issue_client(name, days=10)
        for path in (issued.cert_file, issued.key_file):
            path.rename(path.with_suffix(f".{number}"))
        serials.append(issued.record.serial)
    return serials


def test_a_name_means_every_certificate_of_that_name_that_is_still_good(authority: CertificateAuthority) -> None:
    serials = issued_again(authority, "anna", 3)
    other = authority.issue_client("bert", days=10).record
    authority.revoke(serials[1])

    revoked = authority.revoke("anna")

    assert {one.serial for one in revoked} == {serials[0], serials[2]}
    assert all(one.revoked_at == NOW for one in revoked)
    assert {f"{one.serial_number:x}" for one in revocations(authority)} == set(serials)
    assert authority.find(other.serial).state(NOW) == "valid"
    assert {one.serial for one in authority.revoke("anna")} == set(serials)


def test_a_serial_number_means_one_certificate(authority: CertificateAuthority) -> None:
    first, second = issued_again(authority, "anna", 2)
    assert [one.serial for one in authority.revoke(first)] == [first]
    assert authority.find(second).revoked_at is None


def test_a_name_that_a_server_and_a_client_share_revokes_neither(authority: CertificateAuthority) -> None:
    client = authority.issue_client("bert", days=10).record
    server = authority.issue_server("bert", ["bert"], days=20).record

    with pytest.raises(AmbiguousCertificate) as refused:
        authority.revoke("bert")

    for said in (f"client {client.serial}", f"server {server.serial}", "2026-03-11", "2026-03-21", "serial number"):
        assert said in refused.value.message
    assert len(revocations(authority)) == 0
    authority.revoke(server.serial)
    # one of them is left that the name can mean
    assert [one.serial for one in authority.revoke("bert")] == [client.serial]


def test_a_certificate_that_has_ended_makes_no_name_ambiguous(tmp_path: Path) -> None:
    now = [NOW]
    authority = CertificateAuthority.create(tmp_path / "certs", "Stadt", days=100, clock=lambda: now[0])
    server = authority.issue_server("bert", ["bert"], days=5).record
    client = authority.issue_client("bert", days=50).record
    now[0] += timedelta(days=6)

    assert [one.serial for one in authority.revoke("bert")] == [client.serial]
    # of what has ended too, a clock that is late may still think otherwise
    assert [one.serial for one in authority.revoke(server.serial)] == [server.serial]
    assert len(revocations(authority)) == 2


def test_two_commands_that_revoke_the_same_at_once_both_succeed(authority: CertificateAuthority) -> None:
    serials = set(issued_again(authority, "anna", 4))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(authority.revoke, ["anna"] * 4))
    assert all({one.serial for one in answer} <= serials for answer in answers)
    assert {f"{one.serial_number:x}" for one in revocations(authority)} == serials


def test_each_list_has_a_greater_number_than_the_one_before(authority: CertificateAuthority) -> None:
    numbers = []
    for name in ("anna", "bert"):
        authority.issue_client(name, days=10)
        authority.revoke(name)
        numbers.append(revocations(authority).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number)
    assert 1 < numbers[0] < numbers[1]


def test_a_mark_without_content_revokes_all_the_same(authority: CertificateAuthority) -> None:
    record = authority.issue_client("anna", days=10).record
    (authority.folder / "revoked").mkdir()
    (authority.folder / "revoked" / record.serial).touch()
    assert authority.find("anna").revoked_at == NOW
    authority.revoke("anna")
    assert len(revocations(authority)) == 1


def test_a_certificate_that_has_ended_says_so(authority: CertificateAuthority) -> None:
    record = authority.issue_client("anna", days=10).record
    assert (record.days_left(NOW), record.state(NOW)) == (10, "valid")
    assert record.state(NOW + timedelta(days=10)) == "expired"
    assert record.state(NOW - timedelta(days=1)) == "not yet valid"


@pytest.mark.parametrize("name", ["", "../anna", "a/b", "a\\b", "-rf", ".hidden", "ä", "a b", "x" * 64, "a\n"])
def test_a_name_cannot_lead_out_of_its_folder(authority: CertificateAuthority, name: str) -> None:
    with pytest.raises(UnusableName):
        authority.issue_client(name, days=1)


@pytest.mark.parametrize("address", ["https://clara", "clara:443", "", "a_b", "-clara", "cla ra", "*"])
def test_an_address_is_a_name_or_a_number(authority: CertificateAuthority, address: str) -> None:
    with pytest.raises(UnusableAddress):
        authority.issue_server("srv", [address], days=1)


def test_what_cannot_be_is_refused_with_the_reason(authority: CertificateAuthority, tmp_path: Path) -> None:
    with pytest.raises(LongerThanAuthority, match="100 days"):
        authority.issue_client("anna", days=101)
    with pytest.raises(NoAuthority, match="clara admin certs init"):
        CertificateAuthority(tmp_path)
    with pytest.raises(CertificateNotFound, match="list"):
        authority.revoke("nobody")


@pytest.mark.parametrize(("file", "content"), [("ca-key.pem", "no key"), ("ca-key.pem", None), ("ca.pem", "nothing")])
def test_damaged_files_are_named(authority: CertificateAuthority, file: str, content: str | None) -> None:
    path = authority.folder / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises((CertificateFileUnusable, ClaraError), match=file):
        authority.issue_client("anna", days=1)
