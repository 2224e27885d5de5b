"""When the tests' servers are installed, when not, and what is said."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from admin.scripts import test_servers
from admin.scripts.test_servers import STAMP, install, known_servers

SERVER = test_servers.TestServer("pouchdb", sys.executable, ["ci"], "1.0", ())


class Runs:
    """Remembers what was run and does what an installation does, or fails with a reason."""

    def __init__(self, reason: str = "") -> None:
        self.commands: list[list[str]] = []
        self._reason = reason

    def __call__(self, command: Sequence[str], folder: Path) -> str:
        self.commands.append(list(command))
        (folder / "program").touch()
        return self._reason


def test_what_is_missing_is_installed_once(tmp_path: Path) -> None:
    runs = Runs()

    assert install(SERVER, tmp_path, runs).startswith("pouchdb: installed in ")
    assert install(SERVER, tmp_path, runs) == "pouchdb: installed already."
    assert runs.commands == [[sys.executable, "ci"]]


def test_another_version_replaces_everything(tmp_path: Path) -> None:
    install(SERVER, tmp_path, Runs())
    (tmp_path / "pouchdb" / "old").touch()
    newer = test_servers.TestServer("pouchdb", sys.executable, ["ci"], "1.1", ())

    install(newer, tmp_path, Runs())

    assert not (tmp_path / "pouchdb" / "old").exists()
    assert (tmp_path / "pouchdb" / STAMP).read_text() == "1.1"


def test_what_failed_or_was_interrupted_is_tried_again(tmp_path: Path) -> None:
    told = install(SERVER, tmp_path, Runs("no network"))
    assert told == "pouchdb: not installed, its tests will be skipped: no network"

    runs = Runs()
    install(SERVER, tmp_path, runs)
    assert len(runs.commands) == 1


def test_a_missing_program_is_named_and_nothing_is_touched(tmp_path: Path) -> None:
    server = test_servers.TestServer("pouchdb", "no-such-program", ["ci"], "1.0", ())

    assert "no-such-program is missing" in install(server, tmp_path, Runs())
    assert not (tmp_path / "pouchdb").exists()


def test_files_that_pin_versions_come_first(tmp_path: Path) -> None:
    lock = tmp_path / "lock.json"
    lock.write_text("{}")
    server = test_servers.TestServer("pouchdb", sys.executable, ["ci"], "1.0", [lock])

    install(server, tmp_path / "servers", Runs())

    assert (tmp_path / "servers" / "pouchdb" / "lock.json").read_text() == "{}"


@pytest.mark.parametrize(
    ("program", "found"), [("no-such-program", "FileNotFoundError"), (sys.executable, "exit code 3")]
)
def test_why_a_command_failed_is_told(tmp_path: Path, program: str, found: str) -> None:
    assert found in test_servers._run([program, "-c", "raise SystemExit(3)"], tmp_path)


def test_every_version_is_pinned() -> None:
    pouchdb, oidc, arcadedb, _ray = known_servers()

    for npm in (pouchdb, oidc):
        assert all(file.is_file() for file in npm.files)
        assert '"integrity"' in npm.files[1].read_text(encoding="utf-8")
        assert "--ignore-scripts" in npm.arguments
    assert '"oidc-provider": "9.13.3"' in oidc.files[0].read_text(encoding="utf-8")
    assert '"pouchdb-server": "4.2.0"' in pouchdb.files[0].read_text(encoding="utf-8")
    assert "==" in arcadedb.pin
