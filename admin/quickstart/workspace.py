"""Where a quick start keeps its state, and the services that run on it."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config import get_config
from frontend.client.clara_client import ClaraClient
from frontend.client.services import DATASETS, SERVING, TRAINING, service_url
from shared.errors import ClaraError

ROOT = Path(__file__).resolve().parents[2]
STATE = ROOT / ".quickstart"
_START_WAIT_S = 90.0
_STOP_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Workspace:
    """One quick start's state: the shipped sample and every own corpus have a home each.

    Args:
        home: `CLARA_HOME` of the services.
        corpus: Folder of documents.
    """

    home: Path
    corpus: Path

    @classmethod
    def for_corpus(cls, corpus: Path | None, *, state: Path = STATE) -> "Workspace":
        """The workspace of a corpus, None being the shipped sample."""
        if corpus is None:
            return cls(state / "sample", state / "sample" / "corpus")
        resolved = corpus.expanduser().resolve()
        digest = hashlib.sha256(str(resolved).encode()).hexdigest()[:8]
        return cls(state / f"{resolved.name}-{digest}", resolved)

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of the quick start: this machine alone, no login, no hub, one trainer on all cores."""
        return {
            **os.environ,
            "CLARA_HOME": str(self.home),
            "CLARA_ENVIRONMENT": "development",
            "CLARA_SECURITY_MODE": "debug",
            "CLARA_API_HOST": "127.0.0.1",
            "CLARA_HUB_OFFLINE": "true",
            "CLARA_MAX_CONCURRENT_JOBS": "1",
            "CLARA_SAVE_EVERY": "50",
        }


class ServicesDidNotStart(RuntimeError):
    """`clara serve` ended before its services were ready; the message holds what it said."""


class Services:
    """The two services as one `clara serve all` in the background, found again by a file with its process id."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._record = workspace.home / "services.json"
        self._log = workspace.home / "serve.log"

    def start(self) -> None:
        """Start the services unless this workspace's are running already.

        Raises:
            ServicesDidNotStart: With the output of `clara serve`, e.g. that a port is in use.
        """
        if self.pid() is not None:
            return
        self._workspace.home.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            process = subprocess.Popen(
                [*CLARA, "serve", "all"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._workspace.environment,
                cwd=ROOT,
                **_detached(),
            )
        self._record.write_text(json.dumps({"pid": process.pid}), encoding="utf-8")
        self._wait_until_ready(process)

    def stop(self) -> bool:
        """Ask the services to stop and wait until they did; False if none were running."""
        pid = self.pid()
        if pid is None:
            self._record.unlink(missing_ok=True)
            return False
        os.kill(pid, signal.SIGTERM)
        give_up = time.monotonic() + _STOP_WAIT_S
        while self.pid() is not None and time.monotonic() < give_up:
            time.sleep(0.1)
        self._record.unlink(missing_ok=True)
        return True

    def pid(self) -> int | None:
        """Process id of the running services, None if they do not run."""
        try:
            pid = int(json.loads(self._record.read_text(encoding="utf-8"))["pid"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return pid if _is_alive(pid) else None

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up = time.monotonic() + _START_WAIT_S
        with open_client() as client:
            while time.monotonic() < give_up:
                if process.poll() is not None:
                    self._record.unlink(missing_ok=True)
                    raise ServicesDidNotStart(self._log.read_text(encoding="utf-8", errors="replace").strip())
                if _is_ready(client):
                    return
                time.sleep(0.2)
        self.stop()
        raise ServicesDidNotStart(f"The services were not ready after {_START_WAIT_S:g} s; see {self._log}.")


def open_client() -> ClaraClient:
    """A client of the services on this machine's configured ports."""
    settings = get_config()
    return ClaraClient(*(service_url(service, settings) for service in (TRAINING, DATASETS, SERVING)))


def _is_ready(client: ClaraClient) -> bool:
    try:
        client.ready(TRAINING)
        client.ready(DATASETS)
    except ClaraError:
        return False
    return True


CLARA = (sys.executable, "-m", "frontend.cli")
"""The command line of this very checkout, whatever is on the PATH."""


def all_workspaces(state: Path = STATE) -> list[Workspace]:
    """Workspaces that a quick start has made."""
    return [Workspace(home, home) for home in sorted(state.iterdir()) if home.is_dir()] if state.is_dir() else []


def _detached() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    return {"start_new_session": True}


def _is_alive(pid: int) -> bool:
    try:
        waited, _ = os.waitpid(pid, os.WNOHANG) if hasattr(os, "WNOHANG") else (0, 0)
    except ChildProcessError:
        waited = 0
    if waited == pid:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OSError):
        return False
    return True
