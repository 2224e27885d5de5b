"""Who gets through the handshake, in the server's own words, and files that change while it serves."""

import shutil
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from backend.common.tls import FollowedTls, TlsFiles, TlsFilesUnusable, server_context
from tests.support.certificates import Authority, Certificate, foreign, self_signed
from tests.support.handshakes import meet
from tests.support.tls_callers import client_context

VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Certificate:
    return authority.issue("127.0.0.1")


@pytest.fixture
def files(authority: Authority, server: Certificate) -> TlsFiles:
    return TlsFiles(server.cert, server.key, authority.cert, authority.crl)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_good_certificate_gets_in(authority: Authority, files: TlsFiles, version: ssl.TLSVersion) -> None:
    context = client_context(authority.cert, authority.issue("anna"))
    context.minimum_version = context.maximum_version = version

    met = meet(server_context(files), context)

    assert met.server.getpeercert(binary_form=True) is not None
    cipher = met.server.cipher()
    assert cipher is not None
    assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_bad_certificate_is_refused_for_its_own_reason(
    authority: Authority, server: Certificate, files: TlsFiles, version: ssl.TLSVersion, tmp_path: Path
) -> None:
    stolen = authority.issue("stolen")
    authority.real.revoke("stolen")
    bad = {
        "did not return a certificate": None,
        "self-signed certificate": self_signed(tmp_path),
        "certificate has expired": authority.expired(tmp_path),
        "unable to get local issuer certificate": foreign(tmp_path),
        "unsuitable certificate purpose": server,
        "certificate revoked": stolen,
    }
    for reason, certificate in bad.items():
        context = client_context(authority.cert, certificate)
        context.minimum_version = context.maximum_version = version
        with pytest.raises(ssl.SSLError, match=reason):
            meet(server_context(files), context)


def test_old_versions_of_tls_are_refused(authority: Authority, files: TlsFiles) -> None:
    context = client_context(authority.cert, authority.issue("anna"))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        meet(server_context(files), context)


def test_without_the_right_revocation_list_nobody_gets_in(
    authority: Authority, files: TlsFiles, tmp_path: Path
) -> None:
    other = Authority(tmp_path / "other")
    context = client_context(authority.cert, authority.issue("anna"))
    with pytest.raises(ssl.SSLError, match="unable to get certificate CRL"):
        meet(server_context(replace(files, client_crl_file=other.crl)), context)


def test_nobody_comes_back_without_being_looked_at_again(authority: Authority, files: TlsFiles) -> None:
    listener = FollowedTls(files).context
    contexts = {version: client_context(authority.cert, authority.issue(f"anna-{version}")) for version in VERSIONS}
    for version, context in contexts.items():
        context.minimum_version = context.maximum_version = version
    # a connection that is not closed properly takes its session with it: these stay open
    met = {version: meet(listener, context) for version, context in contexts.items()}
    sessions = {version: both.client.session for version, both in met.items()}

    newer, older = ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2
    assert not meet(listener, contexts[newer], sessions[newer]).server.session_reused
    with pytest.raises(ssl.SSLError, match="callback failed"):
        meet(listener, contexts[older], sessions[older])
    meet(listener, contexts[older])


def test_a_revocation_is_in_force_with_the_next_handshake(authority: Authority, files: TlsFiles) -> None:
    listener = FollowedTls(files).context
    context = client_context(authority.cert, authority.issue("leaver"))
    meet(listener, context)

    authority.real.revoke("leaver")
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        meet(listener, context)
    meet(listener, client_context(authority.cert, authority.issue("anna")))


def test_a_renewed_certificate_is_shown_and_a_broken_one_never(authority: Authority, tmp_path: Path) -> None:
    first, second = authority.issued("127.0.0.1"), authority.issued("127.0.0.2")
    cert_file, key_file = tmp_path / "server.pem", tmp_path / "server-key.pem"

    def put(cert: Path, key: Path) -> None:
        for source, target in ((cert, cert_file), (key, key_file)):
            draft = target.with_suffix(".new")
            shutil.copyfile(source, draft)
            draft.replace(target)

    put(first.cert_file, first.key_file)
    listener = FollowedTls(TlsFiles(cert_file, key_file)).context
    context = client_context(authority.cert)
    context.check_hostname = False
    put(second.cert_file, second.key_file)
    shown = meet(listener, context).client.getpeercert()
    assert shown is not None
    assert int(str(shown["serialNumber"]), 16) == int(second.record.serial, 16)

    put(first.cert_file, second.key_file)
    shown = meet(listener, context).client.getpeercert()
    assert shown is not None
    assert int(str(shown["serialNumber"]), 16) == int(second.record.serial, 16)


def test_files_that_do_not_fit_are_named_at_start(authority: Authority, files: TlsFiles) -> None:
    other = authority.issue("127.0.0.9")
    for wrong in (replace(files, key_file=other.key), replace(files, client_crl_file=Path("/nowhere.pem"))):
        with pytest.raises(TlsFilesUnusable, match="CLARA_TLS_CLIENT_CRL_FILE"):
            FollowedTls(wrong)


@pytest.mark.parametrize("kind", ["certificate", "both", "key", "nothing", "binary"])
def test_a_revocation_list_that_is_none_is_refused_with_the_reason(
    authority: Authority, files: TlsFiles, tmp_path: Path, kind: str
) -> None:
    wrong = tmp_path / "wrong.crl"
    content = {
        "certificate": authority.cert.read_bytes(),
        "both": authority.crl.read_bytes() + authority.cert.read_bytes(),
        "key": files.key_file.read_bytes(),
        "nothing": b"",
        "binary": ssl.PEM_cert_to_DER_cert(authority.cert.read_text()).replace(b"\0", b"\1"),
    }
    wrong.write_bytes(content[kind])

    with pytest.raises(TlsFilesUnusable, match="revocation list") as refused:
        FollowedTls(replace(files, client_crl_file=wrong))
    assert "CLARA_TLS_CLIENT_CRL_FILE" in refused.value.message


def test_a_revocation_list_that_is_spoilt_later_leaves_the_last_good_one_in_force(
    authority: Authority, files: TlsFiles, tmp_path: Path
) -> None:
    followed, stolen = tmp_path / "followed.crl", authority.issue("stolen")
    authority.real.revoke("stolen")
    shutil.copyfile(authority.crl, followed)
    listener = FollowedTls(replace(files, client_crl_file=followed)).context

    shutil.copyfile(authority.cert, followed)

    meet(listener, client_context(authority.cert, authority.issue("anna")))
    with pytest.raises(ssl.SSLError, match="certificate revoked"):
        meet(listener, client_context(authority.cert, stolen))
