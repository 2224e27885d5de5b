"""Install the servers that tests run against from npm and PyPI: `python -m admin.scripts.test_servers`.

pouchdb-server stands in for CouchDB, ArcadeDB for the Bolt protocol of Neo4j, oidc-provider for Keycloak; Ray, which
few installations need, is itself. All go into folders below `.venv`, in pinned versions, and are installed once. What
cannot be installed is named; the tests that need it are skipped.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from admin.scripts import system_packages

ROOT = Path(__file__).resolve().parents[2]
SERVERS = ROOT / ".venv" / "servers"
STAMP = ".installed"
_ARCADEDB = "arcadedb-embedded==26.10.2"
_RAY = ("ray==2.60.0", "msgpack==1.2.4")  # what else it needs, the tests' own environment has
_LIMIT_S = 600
_NPM_FILES = ("package.json", "package-lock.json")

Run = Callable[[Sequence[str], Path], str]


@dataclass(frozen=True, slots=True)
class TestServer:
    """A server and how it is installed.

    Args:
        name: Of its folder.
        program: Must be on the path; a full path is taken as it is.
        arguments: Install it into the folder in which they are run.
        files: Copied into the folder first.
        pin: Says which version; a folder with another one is made anew.
    """

    __test__ = False  # no test class, whatever pytest thinks of the name

    name: str
    program: str
    arguments: Sequence[str]
    pin: str
    files: Sequence[Path] = ()


def known_servers(root: Path = ROOT) -> list[TestServer]:
    """All servers that tests need, in the versions that this checkout names."""
    # no scripts: nothing that is downloaded runs on this machine before a test starts it
    npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", "."]
    return [
        *(TestServer(name, "npm", npm, _lock_of(files), files) for name, files in _npm_files(root).items()),
        TestServer("arcadedb", sys.executable, [*pip, _ARCADEDB], _ARCADEDB),
        TestServer("ray", sys.executable, [*pip, *_RAY], " ".join(_RAY)),
    ]


def _npm_files(root: Path) -> dict[str, list[Path]]:
    return {name: [root / "requirements" / name / file for file in _NPM_FILES] for name in ("pouchdb", "oidc")}


def _lock_of(files: Sequence[Path]) -> str:
    return hashlib.sha256(files[-1].read_bytes()).hexdigest()


def install(server: TestServer, servers: Path, run: Run) -> str:
    """Install one server unless it is there; returns what was done, in a sentence.

    Args:
        server: Which one.
        servers: Folder of the servers' folders.
        run: Runs a command in a folder and returns the reason if it failed, else nothing.
    """
    folder = servers / server.name
    stamp = folder / STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == server.pin:
        return f"{server.name}: installed already."
    program = shutil.which(server.program)
    if program is None:
        return f"{server.name}: not installed, since {server.program} is missing; its tests will be skipped."
    # a folder without the right stamp is another version, or was left half done
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in server.files:
        shutil.copyfile(file, folder / file.name)
    started = time.monotonic()
    if reason := run([program, *server.arguments], folder):
        return f"{server.name}: not installed, its tests will be skipped: {reason}"
    stamp.write_text(server.pin, encoding="utf-8")
    return f"{server.name}: installed in {time.monotonic() - started:.0f} s."


def main() -> int:
    """Exit code 0 also when something could not be installed: only the tests that need it are affected."""
    if shutil.which("npm") is None:
        system_packages.main()
    with ThreadPoolExecutor() as pool:
        for told in pool.map(lambda server: install(server, SERVERS, _run), known_servers()):
            print(told, flush=True)
    return 0


def _run(command: Sequence[str], folder: Path) -> str:
    try:
        done = subprocess.run(
            command, cwd=folder, check=False, capture_output=True, text=True, timeout=_LIMIT_S, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"{Path(command[0]).name}: {type(exc).__name__}"
    if done.returncode == 0:
        return ""
    lines = [line for line in f"{done.stdout}\n{done.stderr}".splitlines() if line.strip()]
    return " ".join(lines[-3:])[:500] or f"exit code {done.returncode}"


if __name__ == "__main__":
    sys.exit(main())
