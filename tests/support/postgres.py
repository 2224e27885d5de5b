"""A real PostgreSQL server for tests: our own cluster in a temporary folder, reached by a Unix socket."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

MISSING = "PostgreSQL's server programs were not found; install them (Debian: apt-get install postgresql)"
_SUPERUSER = "clara"


class PostgresServer:
    """One running cluster.

    Args:
        programs: Folder of initdb and pg_ctl.
        home: Folder of the cluster and its socket; belongs to the OS user that runs the server.
        tcp_port: Of the loopback, for tests that stand between client and server; there is none without it.
    """

    def __init__(self, programs: Path, home: Path, *, durable: bool = False, tcp_port: int | None = None) -> None:
        self._programs = programs
        self._home = home
        self._durable = durable
        self._tcp_port = tcp_port
        self._numbers = count(1)

    def create(self) -> None:
        """Make the cluster and start it."""
        self._run("initdb", "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start and wait until connections are answered."""
        fsync = "on" if self._durable else "off"
        listen = "-c listen_addresses=''" if self._tcp_port is None else "-c listen_addresses=127.0.0.1"
        options = f"-k {self._home} {listen} -p {self._port} -c fsync={fsync} -c max_connections=100"
        self._run("pg_ctl", "-w", "-l", str(self._home / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop; "immediate" is what a power cut looks like to clients."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}")
        port = "" if self._tcp_port is None else f"&port={self._tcp_port}"
        return f"postgresql://{_SUPERUSER}@/{name}?host={self._home}{port}"

    def new_user(self, name: str, password: str) -> None:
        """Make a user who has no rights yet and, over TCP, is asked for the password."""
        rules = self._home / "cluster" / "pg_hba.conf"
        rules.write_text(f"host all {name} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        self._execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        self._execute("SELECT pg_reload_conf()")

    @property
    def _port(self) -> int:
        return self._tcp_port or 5432

    def _execute(self, statement: str) -> None:
        place = {"host": str(self._home), "port": self._port, "user": _SUPERUSER, "dbname": "postgres"}
        with psycopg.connect(autocommit=True, **place) as connection:
            connection.execute(statement)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._home / "cluster"), *arguments]
        result = subprocess.run(
            command,
            cwd=self._home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **_server_user(),
        )
        if result.returncode != 0:
            raise RuntimeError(f"{program} failed: {result.stderr}")


def find_programs() -> Path | None:
    """The folder of the newest installed server programs, or None."""
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if folders:
        return max(folders, key=lambda folder: float(folder.parent.name))
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def running_server(programs: Path, *, durable: bool = False, tcp_port: int | None = None) -> Iterator[PostgresServer]:
    """A server that is gone, with its files, when the block is left."""
    home = Path(tempfile.mkdtemp(prefix="clara-pg-", dir=_traversable_folder()))
    try:
        if os.getuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        server = PostgresServer(programs, home, durable=durable, tcp_port=tcp_port)
        server.create()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _server_user() -> dict[str, object]:
    # the server refuses to run as root
    if os.getuid() != 0:
        return {}
    account = pwd.getpwnam("postgres")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _traversable_folder() -> str:
    """A temporary folder that another OS user can enter, with a name short enough for a socket in it."""
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path = Path(folder).resolve()
        if len(str(path)) < 60 and all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents)):
            return str(path)
    raise RuntimeError("no temporary folder is open to the OS user of PostgreSQL")
