"""A real PostgreSQL server for tests: our own cluster in a temporary folder, reached by a Unix socket only."""

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
    """

    def __init__(self, programs: Path, home: Path, *, durable: bool = False) -> None:
        self._programs = programs
        self._home = home
        self._durable = durable
        self._numbers = count(1)

    def create(self) -> None:
        """Make the cluster and start it."""
        self._run("initdb", "-U", _SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start and wait until connections are answered."""
        fsync = "on" if self._durable else "off"
        options = f"-k {self._home} -c listen_addresses='' -c fsync={fsync} -c max_connections=100"
        self._run("pg_ctl", "-w", "-l", str(self._home / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop; "immediate" is what a power cut looks like to clients."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(host=str(self._home), user=_SUPERUSER, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://{_SUPERUSER}@/{name}?host={self._home}"

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
def running_server(programs: Path, *, durable: bool = False) -> Iterator[PostgresServer]:
    """A server that is gone, with its files, when the block is left."""
    home = Path(tempfile.mkdtemp(prefix="clara-pg-", dir=_traversable_folder()))
    try:
        if os.getuid() == 0:
            shutil.chown(home, "postgres", "postgres")
        server = PostgresServer(programs, home, durable=durable)
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
