"""A real Bolt server for tests: ArcadeDB out of the package `arcadedb-embedded`, in a process of its own."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx

from admin.scripts.test_servers import SERVERS

PACKAGE = "arcadedb-embedded"
USER, PASSWORD = "root", "geheim-1234"
MISSING = (
    f"{PACKAGE}, which carries a Bolt server, was not found; run `python -m admin.scripts.test_servers`, or name in "
    "CLARA_TEST_ARCADEDB the Python of an environment that has it"
)
_START_S = 60.0
_RECORD = ["createRecord", "readRecord", "updateRecord", "deleteRecord"]
_GROUPS = {
    "admin": {"access": ["updateSecurity", "updateSchema"], "types": {"*": {"access": _RECORD}}},
    "readers": {"access": [], "types": {"*": {"access": ["readRecord"]}}},
}
_LOCATE = f"from importlib.metadata import distribution as d; print(d({PACKAGE!r}).locate_file('arcadedb_embedded'))"


class BoltServer:
    """One server process with its folder of databases, which outlives the process.

    Args:
        package: Folder of the installed package, with its Java.
        home: Folder of the server.
    """

    host = "127.0.0.1"

    def __init__(self, package: Path, home: Path) -> None:
        self._package = package
        self._home = home
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self.port, self._http_port = _free_port(), _free_port()

    @property
    def uri(self) -> str:
        """Where drivers connect."""
        return f"bolt://{self.host}:{self.port}"

    def start(self) -> None:
        """Start, on the same port each time, and wait until it answers."""
        (self._home / "config").mkdir(exist_ok=True)
        (self._home / "config" / "server-groups.json").write_text(
            json.dumps({"databases": {"*": {"groups": _GROUPS}}, "version": 1}), encoding="utf-8"
        )
        with (self._home / "output").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), cwd=self._home, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the Bolt server did not start: {(self._home / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it like a power cut; what it had acknowledged is on disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def new_database(self) -> str:
        """The name of a new, empty database."""
        name = f"test{next(self._numbers)}"
        self.server_command(f"create database {name}")
        return name

    def new_reader(self, database: str) -> tuple[str, str]:
        """Name and password of a new user who may only read one database."""
        name = f"leser{next(self._numbers)}"
        user = {"name": name, "password": f"{PASSWORD}-{name}", "databases": {database: ["readers"]}}
        self.server_command(f"create user {json.dumps(user)}")
        return name, f"{PASSWORD}-{name}"

    def _command(self) -> list[str]:
        settings = {
            "server.rootPath": self._home,
            "server.rootPassword": PASSWORD,
            "server.mode": "production",
            "server.plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "server.httpIncomingHost": self.host,
            "server.httpIncomingPort": self._http_port,
            "bolt.host": self.host,
            "bolt.port": self.port,
        }
        options = [f"-Darcadedb.{name}={value}" for name, value in settings.items()]
        # little memory, and compiled soon and once: a test server lives for seconds
        java = [str(self._package / "jre" / "bin" / "java"), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [*java, *options, "-cp", str(self._package / "jars" / "*"), "com.arcadedb.server.ArcadeDBServer"]

    def _answers(self) -> bool:
        """Whether HTTP takes connections and Bolt has done its first work, which takes a cold server seconds."""
        import neo4j

        try:
            socket.create_connection((self.host, self._http_port), timeout=1).close()
            with neo4j.GraphDatabase.driver(self.uri, auth=(USER, PASSWORD)) as driver:
                driver.verify_connectivity()
        except (OSError, neo4j.exceptions.DriverError, neo4j.exceptions.Neo4jError):
            return False
        return True

    def server_command(self, command: str) -> None:
        """Run an administrative command, such as "create user {…}"."""
        url = f"http://{self.host}:{self._http_port}/api/v1/server"
        response = httpx.post(url, auth=(USER, PASSWORD), json={"command": command}, timeout=_START_S)
        response.raise_for_status()


def find_package() -> Path | None:
    """The folder of the installed package, or None."""
    python = os.environ.get("CLARA_TEST_ARCADEDB")
    if python:
        located = subprocess.run([python, "-c", _LOCATE], capture_output=True, text=True, check=False).stdout.strip()
        return Path(located) if located else None
    installed = SERVERS / "arcadedb" / "arcadedb_embedded"  # by admin.scripts.test_servers
    return installed if installed.is_dir() else None


@contextmanager
def running_server(package: Path) -> Iterator[BoltServer]:
    """A server that is gone, with its files, when the block is left."""
    home = Path(tempfile.mkdtemp(prefix="clara-bolt-"))
    server = BoltServer(package, home)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(home, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
