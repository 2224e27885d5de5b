"""`clara admin certs …`: a certificate authority for a first install, on this machine, without any service."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from frontend.cli.command import command
from frontend.cli.session import Session, facts, table
from frontend.cli.texts import text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from shared.auth.certificates.authority import CertificateAuthority, Issued
    from shared.auth.certificates.records import CertificateRecord

certs = typer.Typer(no_args_is_help=True, help="A certificate authority of one's own: servers, clients, revocation.")

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SOON_DAYS = 30

FolderOption = Annotated[
    Path | None, typer.Option("--folder", metavar="FOLDER", help="Of the authority; default: certs below CLARA_HOME.")
]
NameArgument = Annotated[str, typer.Argument(help="Common name, also the name of its files.")]
AskedArgument = Annotated[str, typer.Argument(help="Name or serial number.")]


def register(admin: typer.Typer) -> None:
    """Add the commands of this file."""
    admin.add_typer(certs, name="certs")


@command(certs, "init", examples=("clara admin certs init", 'clara admin certs init --name "Stadt Musterhausen"'))
def init(
    session: Session,
    folder: FolderOption = None,
    name: Annotated[str, typer.Option("--name", help="Common name of the authority.")] = "CLARA",
    days: Annotated[int, typer.Option("--days", min=1, max=7300, help="How long it is valid.")] = 3650,
) -> None:
    """Make an authority: its key (mode 600), its certificate and an empty revocation list.

    The key signs certificates and nothing else: keep a copy offline, and let nobody but an administrator read it.
    """
    from shared.auth.certificates.authority import CertificateAuthority
    from shared.auth.certificates.files import checked_common_name

    authority = CertificateAuthority.create(_folder(session, folder), checked_common_name(name), days=days)
    files = {"CLARA_TLS_CLIENT_CA_FILE": authority.cert_file, "CLARA_TLS_CLIENT_CRL_FILE": authority.crl_file}
    _answer(session, authority.record(), files)
    session.say(text("certs.init_next", folder=authority.folder))


@command(
    certs,
    "server",
    examples=(
        "clara admin certs server clara.stadt.example",
        "clara admin certs server clara --host clara.stadt.example --host 10.1.2.3",
    ),
)
def server(
    session: Session,
    name: NameArgument,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Name or IP address that clients call; may be repeated.")
    ] = None,
    folder: FolderOption = None,
    days: Annotated[int, typer.Option("--days", min=1, max=825, help="How long it is valid.")] = 397,
) -> None:
    """Make a certificate for a machine that serves CLARA; it is good for calls from that machine itself as well."""
    called = [name] if "." in name or not host else []
    addresses = list(dict.fromkeys([*called, *(host or []), *_LOOPBACK]))
    issued = _authority(session, folder).issue_server(name, addresses, days=days)
    _answer_issued(session, issued, {"CLARA_TLS_CERT_FILE": issued.cert_file, "CLARA_TLS_KEY_FILE": issued.key_file})


@command(
    certs,
    "client",
    examples=("clara admin certs client anna@stadt.example", "clara admin certs client anna@stadt.example --pkcs12"),
)
def client(
    session: Session,
    name: NameArgument,
    pkcs12: Annotated[
        bool,
        typer.Option(
            "--pkcs12", help="Also one file with a password for Windows and browsers (CLARA_PKCS12_PASSWORD)."
        ),
    ] = False,
    folder: FolderOption = None,
    days: Annotated[int, typer.Option("--days", min=1, max=825, help="How long it is valid.")] = 397,
) -> None:
    """Make a certificate for a person or a program."""
    from frontend.cli.passwords import new_password

    authority = _authority(session, folder)
    password = new_password("CLARA_PKCS12_PASSWORD", text("certs.bundle_password")) if pkcs12 else None
    issued = authority.issue_client(name, days=days, pkcs12_password=password)
    files = {"CLARA_CLIENT_CERT_FILE": issued.cert_file, "CLARA_CLIENT_KEY_FILE": issued.key_file}
    _answer_issued(session, issued, {**files, "CLARA_CLIENT_CA_FILE": authority.cert_file})


@command(certs, "revoke", examples=("clara admin certs revoke anna@stadt.example", "clara admin certs revoke 5f3a91…"))
def revoke(session: Session, asked: AskedArgument, folder: FolderOption = None) -> None:
    """Revoke a certificate: services that read this revocation list refuse it at once, without a restart.

    A serial number means one certificate, a name all of that name that are still good. If a server and a client share
    a name, the serial number is demanded.
    """
    from shared.auth.certificates.authority import utc_seconds

    authority, now = _authority(session, folder), utc_seconds()
    records, file = authority.revoke(asked), authority.crl_file
    newest = max(records, key=lambda one: one.valid_from)
    # the fields of the newest stand at the top as well, as they did when only one could be revoked
    document = {**_document(newest, now), "certificates": [_document(one, now) for one in records]}
    session.answer({**document, "files": {"CLARA_TLS_CLIENT_CRL_FILE": str(file)}}, lambda: _table(records, now))
    session.say(text("certs.revoked", n=len(records), name=newest.name, path=file))


@command(certs, "list", examples=("clara admin certs list", "clara admin certs list --json"))
def list_certificates(session: Session, folder: FolderOption = None) -> None:
    """List the authority and everything it issued, the soonest end first."""
    from shared.auth.certificates.authority import utc_seconds

    authority, now = _authority(session, folder), utc_seconds()
    records = [authority.record(), *authority.certificates()]
    session.answer({"certificates": [_document(r, now) for r in records]}, lambda: _table(records, now))
    ending = [r.name for r in records if r.state(now) == "valid" and r.days_left(now) < _SOON_DAYS]
    if ending:
        session.say(text("certs.ending", days=_SOON_DAYS, names=", ".join(ending)))


@command(certs, "show", examples=("clara admin certs show anna@stadt.example",))
def show(session: Session, asked: AskedArgument, folder: FolderOption = None) -> None:
    """Show one certificate: what it stands for, when it ends, and the thumbprint to which tokens can be bound."""
    _answer(session, _authority(session, folder).find(asked), {})


def _folder(session: Session, given: Path | None) -> Path:
    return given.expanduser().absolute() if given is not None else session.settings.home / "certs"


def _authority(session: Session, given: Path | None) -> "CertificateAuthority":
    from shared.auth.certificates.authority import CertificateAuthority

    return CertificateAuthority(_folder(session, given))


def _answer_issued(session: Session, issued: "Issued", files: dict[str, Path]) -> None:
    if issued.pkcs12_file is not None:
        files = {**files, "PKCS#12": issued.pkcs12_file}
    _answer(session, issued.record, files)


def _answer(session: Session, record: "CertificateRecord", files: dict[str, Path]) -> None:
    from shared.auth.certificates.authority import utc_seconds

    now = utc_seconds()
    document = _document(record, now)
    shown = [
        ("name", record.name),
        ("kind", record.kind.value),
        ("state", record.state(now)),
        ("ends", _end(record, now)),
        ("stands for", ", ".join(record.addresses)),
        ("serial", record.serial),
        ("SHA-256", record.fingerprint),
        ("x5t#S256", record.thumbprint),
        *((name, str(path)) for name, path in files.items()),
    ]
    session.answer({**document, "files": {name: str(path) for name, path in files.items()}}, lambda: facts(shown))


def _table(records: "Sequence[CertificateRecord]", now: datetime) -> "RenderableType":
    rows = [(r.name, r.kind.value, r.state(now), _end(r, now), ", ".join(r.addresses), r.serial) for r in records]
    return table(("Name", "Kind", "State", "Ends", "Stands for", "Serial"), rows)


def _document(record: "CertificateRecord", now: datetime) -> dict[str, Any]:
    return {
        "name": record.name,
        "kind": record.kind.value,
        "state": record.state(now),
        "serial": record.serial,
        "addresses": list(record.addresses),
        "valid_from": record.valid_from.isoformat(),
        "valid_until": record.valid_until.isoformat(),
        "days_left": record.days_left(now),
        "revoked_at": None if record.revoked_at is None else record.revoked_at.isoformat(),
        "fingerprint_sha256": record.fingerprint,
        "x5t#S256": record.thumbprint,
    }


def _end(record: "CertificateRecord", now: datetime) -> str:
    return text("certs.ends", date=record.valid_until.date().isoformat(), days=record.days_left(now))
