"""`clara admin certs …` as an administrator types it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.cli import Clara

clara = Clara("http://127.0.0.1:1")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    clara.json("admin", "certs", "init", "--folder", str(tmp_path / "ca"))
    return str(tmp_path / "ca")


def test_from_nothing_to_a_server_a_client_and_a_revocation(folder: str) -> None:
    server = clara.json("admin", "certs", "server", "clara.stadt.example", "--host", "10.1.2.3", "--folder", folder)
    assert server["addresses"] == ["clara.stadt.example", "10.1.2.3", "localhost", "127.0.0.1", "::1"]
    client = clara.json("admin", "certs", "client", "anna@stadt.example", "--folder", folder)
    assert set(client["files"]) == {"CLARA_CLIENT_CERT_FILE", "CLARA_CLIENT_KEY_FILE", "CLARA_CLIENT_CA_FILE"}
    assert len(client["x5t#S256"]) == 43
    revoked = clara.json("admin", "certs", "revoke", "anna@stadt.example", "--folder", folder)
    assert revoked["state"] == "revoked"
    listed = clara.json("admin", "certs", "list", "--folder", folder)["certificates"]
    states = {row["kind"]: row["state"] for row in listed}
    assert states == {"authority": "valid", "server": "valid", "client": "revoked"}
    shown = clara.json("admin", "certs", "show", client["serial"], "--folder", folder)
    assert shown["x5t#S256"] == client["x5t#S256"]


def _anna_twice(folder: str) -> list[str]:
    serials = []
    for number in range(2):
        made = clara.json("admin", "certs", "client", "anna", "--folder", folder)
        serials.append(made["serial"])
        for path in Path(folder, "clients").glob("*.pem"):
            path.rename(path.with_suffix(f".{number}"))
    return serials


def test_a_name_revokes_all_of_that_name_and_lists_them(folder: str) -> None:
    serials = _anna_twice(folder)

    revoked = clara.json("admin", "certs", "revoke", "anna", "--folder", folder)

    assert {row["serial"] for row in revoked["certificates"]} == set(serials)
    assert {row["state"] for row in revoked["certificates"]} == {"revoked"}
    # the fields of the newest stand where those of the only one used to
    assert revoked["serial"] in serials
    assert set(revoked["files"]) == {"CLARA_TLS_CLIENT_CRL_FILE"}


def test_people_see_all_that_a_name_revoked(folder: str) -> None:
    serials = _anna_twice(folder)
    revoked = clara("admin", "certs", "revoke", "anna", "--folder", folder)
    assert revoked.exit_code == 0
    assert all(serial in revoked.stdout for serial in serials)
    assert "Certificates of anna revoked: 2" in revoked.stderr


def test_a_name_of_a_server_and_a_client_demands_the_serial_number(folder: str) -> None:
    serials = [
        clara.json("admin", "certs", kind, "bert", "--folder", folder)["serial"] for kind in ("server", "client")
    ]
    refused = clara("admin", "certs", "revoke", "bert", "--folder", folder)
    assert refused.exit_code == 2
    assert all(serial in refused.stderr for serial in serials)
    listed = clara.json("admin", "certs", "list", "--folder", folder)["certificates"]
    assert {row["state"] for row in listed} == {"valid"}


def test_keys_are_never_shown(folder: str) -> None:
    made = clara("admin", "certs", "client", "anna", "--folder", folder)
    assert made.exit_code == 0
    assert "PRIVATE" not in made.output
    listed = clara("admin", "certs", "list", "--folder", folder)
    assert "anna" in listed.stdout


def test_a_certificate_that_ends_soon_is_pointed_out(folder: str) -> None:
    clara.json("admin", "certs", "client", "anna", "--days", "7", "--folder", folder)
    assert "Less than 30 days left: anna" in clara("admin", "certs", "list", "--folder", folder).stderr


def test_the_password_of_a_pkcs12_file_comes_from_the_environment(folder: str) -> None:
    arguments = ("admin", "certs", "client", "anna", "--pkcs12", "--folder", folder, "--json")
    for password in ("", "short"):
        assert clara(*arguments, env={"CLARA_PKCS12_PASSWORD": password}).exit_code == 2
    nobody = clara(*arguments)
    assert nobody.exit_code == 2
    assert "CLARA_PKCS12_PASSWORD" in nobody.stderr
    made = clara(*arguments, env={"CLARA_PKCS12_PASSWORD": "long enough"})
    assert made.exit_code == 0
    assert "long enough" not in made.output
    content = (Path(folder) / "clients" / "anna.p12").read_bytes()
    assert pkcs12.load_key_and_certificates(content, b"long enough")[0] is not None


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("init",), 5),
        (("client", "../anna"), 2),
        (("server", "srv", "--host", "https://x"), 2),
        (("client", "anna", "--days", "9999"), 2),
        (("revoke", "nobody"), 4),
        (("show", "nobody"), 4),
        (("init", "--name", "a\nb"), 2),
    ],
)
def test_mistakes_have_their_exit_code(folder: str, arguments: tuple[str, ...], exit_code: int, tmp_path: Path) -> None:
    place = str(tmp_path / "other") if "--name" in arguments else folder
    assert clara("admin", "certs", *arguments, "--folder", place).exit_code == exit_code
