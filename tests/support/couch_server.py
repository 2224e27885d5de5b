"""The CouchDB of the tests: pouchdb-server, the nearest to a real one that a registry has; killed and started at will.

`python -m admin.scripts.test_servers` installs it. Where it differs from CouchDB 3: no bookmarks, no `/_up`, limits of
size that nobody reaches, no durable write before the answer (a kill of the process loses nothing, a power cut might),
and it dies of a `PUT` of a database by anyone but an administrator, once there is one.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.live_server import free_port

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = Path("node_modules") / ".bin" / "pouchdb-server"
_START_S = 20.0


class CouchServerProcess:
    """One pouchdb-server on a port and a folder that it keeps over restarts.

    Args:
        programs: Folder that holds its `node_modules`.
        folder: For databases, log and configuration; exists.
    """

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._login = ""
        self.port = free_port()

    @property
    def url(self) -> str:
        """Its address, without a login."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers."""
        node = shutil.which("node")
        assert node is not None
        options = {"--host": "127.0.0.1", "--port": str(self.port), "--dir": str(self._folder)}
        options["--config"] = str(self._folder / "config.json")
        arguments = [word for option in options.items() for word in option]
        with (self._folder / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [node, str(self._programs / _PROGRAM), *arguments, "--no-stdout-logs"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._wait()

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def new_name(self) -> str:
        """A name that no database has yet."""
        return f"test_{next(self._numbers)}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask as the administrator, if there is one; returns the decoded answer.

        Args:
            path: From the server on.
        """
        login = httpx.BasicAuth(*self._login.split(":")) if self._login else None
        answer = httpx.request(method, self.url + path, json=body, auth=login, timeout=20, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    def add_administrator(self, user: str, password: str) -> None:
        """From now on, everybody has to log in."""
        # this route takes a bare JSON string, as CouchDB's does
        httpx.put(f"{self.url}/_config/admins/{user}", content=json.dumps(password), timeout=20, trust_env=False)
        self._login = f"{user}:{password}"

    def add_user(self, user: str, password: str) -> None:
        """A user without roles."""
        fields = {"name": user, "password": password, "roles": [], "type": "user"}
        self.ask("PUT", f"/_users/org.couchdb.user:{user}", fields)

    def let_read(self, database: str, user: str) -> None:
        """Make a user a member of a database in which only administrators may write.

        CouchDB knows no member that only reads: `_security` lets members read and write, and what may be written says a
        function in a design document. pouchdb-server has both.
        """
        self.ask("PUT", f"/{database}/_security", {"members": {"names": [user], "roles": []}})
        rule = 'function (to, from, who) { if (who.roles.indexOf("_admin") < 0) throw ({forbidden: "read only"}); }'
        self.ask("PUT", f"/{database}/_design/read_only", {"validate_doc_update": rule})

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            try:
                httpx.get(self.url, timeout=2, trust_env=False)
            except httpx.HTTPError:
                if time.monotonic() > deadline or self._process is None or self._process.poll() is not None:
                    raise RuntimeError(f"pouchdb-server did not start: {self._output()}") from None
                time.sleep(0.02)
            else:
                return

    def _output(self) -> str:
        return (self._folder / "output").read_text(errors="replace")[-2000:]


def find_programs() -> Path | None:
    """The folder that holds pouchdb-server, or None; CLARA_TEST_POUCHDB goes first."""
    named = os.environ.get("CLARA_TEST_POUCHDB")
    places = [Path(named)] if named else [ROOT / ".venv" / "servers" / "pouchdb"]
    return next((place for place in places if (place / _PROGRAM).exists()), None)


def require_programs() -> Path:
    """The folder that holds pouchdb-server; without it the test is skipped, but never on CI."""
    missing = "" if shutil.which("node") else "Node.js is not installed (Debian: apt-get install nodejs npm)"
    programs = find_programs()
    if programs is None:
        missing = missing or "pouchdb-server is not installed; run `python -m admin.scripts.test_servers`"
    if programs is not None and not missing:
        return programs
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@contextmanager
def running_couch(programs: Path, folder: Path) -> Iterator[CouchServerProcess]:
    """A server that is gone when the block is left."""
    server = CouchServerProcess(programs, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
