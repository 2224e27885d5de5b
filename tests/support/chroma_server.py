"""A real ChromaDB server on this machine: started, killed, restarted on the same port."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.support.live_server import free_port

MISSING = "ChromaDB is not installed: pip install 'clara-finetuning[chroma]'"
HOST = "127.0.0.1"
_START_S = 60.0


def find_program() -> str | None:
    """The `chroma` command of this environment, or None."""
    if importlib.util.find_spec("chromadb") is None:
        return None
    beside = Path(sys.executable).with_name("chroma")
    return str(beside) if beside.exists() else shutil.which("chroma")


class ChromaServer:
    """One server.

    Args:
        folder: Where it keeps its data.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [self._program, "run", "--path", str(self.folder), "--host", HOST, "--port", str(self.port)]
        environment = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._wait_until_ready(self._process)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Kill it and start it on the same port."""
        self.kill()
        self.start()

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up = time.monotonic() + _START_S
        while time.monotonic() < give_up and process.poll() is None:
            try:
                httpx.get(f"http://{HOST}:{self.port}/api/v2/heartbeat", trust_env=False).raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        self.kill()
        log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"the Chroma server is not ready: {log[-2000:]}")


@contextmanager
def running_chroma(folder: Path) -> Iterator[ChromaServer]:
    """A server that is gone when the block is left."""
    program = find_program()
    if program is None:
        raise LookupError(MISSING)
    server = ChromaServer(program, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
