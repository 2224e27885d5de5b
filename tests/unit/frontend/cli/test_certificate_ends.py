"""What `clara doctor` says about certificates before they lock everybody out."""

from pathlib import Path

from config import BaseConfig
from frontend.cli.certificate_ends import certificate_ends
from frontend.cli.doctor import State, _certificates
from tests.support.certificates import Authority


def settings(home: Path, **files: Path | None) -> BaseConfig:
    return BaseConfig.model_validate({"home": home} | files)


def test_without_certificates_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert list(certificate_ends(settings(tmp_path))) == []


def test_every_file_of_the_settings_is_looked_at(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = authority.issue("127.0.0.1")
    (tmp_path / "empty.pem").touch()
    found = list(
        _certificates(
            settings(
                tmp_path,
                tls_cert_file=server.cert,
                tls_client_ca_file=tmp_path / "missing.pem",
                tls_client_crl_file=authority.crl,
                client_cert_file=authority.expired(tmp_path).cert,
                client_ca_file=tmp_path / "empty.pem",
            )
        )
    )
    states = {one.subject: one.state for one in found}
    assert states == {
        "CLARA_TLS_CERT_FILE": State.HINT,  # twenty days
        "CLARA_TLS_CLIENT_CA_FILE": State.MISSING,
        "CLARA_TLS_CLIENT_CRL_FILE": State.HINT,
        "CLARA_CLIENT_CERT_FILE": State.MISSING,
        "CLARA_CLIENT_CA_FILE": State.MISSING,
    }
    assert all(one.to_do for one in found)
