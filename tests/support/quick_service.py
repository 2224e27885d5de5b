"""A real training service that starts in half a second: forked from a process that has imported all of it already.

For experiments that kill a service hundreds of times. What runs is `backend.training.app.main` in a process of its own,
with its own port, event loop, database connections and trainer processes; only the imports were paid for before.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx

from tests.support.installation import ROOT, free_port

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", "backend.training.app", __name__])
_START_S = 60.0


@dataclass
class QuickService:
    """One service; started, killed and started again at the same address.

    Args:
        home: Its `CLARA_HOME`; several services may share one.
        settings: Further variables.
    """

    home: Path
    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    _process: ForkServerProcess | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Process id; 0 while it does not run."""
        return (self._process.pid or 0) if self._process is not None else 0

    def start(self) -> None:
        """Begin to start; `wait_ready` says when it has."""
        self.home.mkdir(parents=True, exist_ok=True)
        variables = {
            "CLARA_HOME": str(self.home),
            "CLARA_SECURITY_MODE": "debug",
            "CLARA_HUB_OFFLINE": "true",
            "CLARA_MAX_CONCURRENT_JOBS": "1",
            "CLARA_POLL_SECONDS": "0.2",
            "CLARA_WARM_TRAINER": "off",
            "CLARA_TRAINING_PORT": str(self.port),
            **self.settings,
        }
        self._process = _FORKS.Process(target=_serve, args=(variables, str(self.home / f"{self.port}.log")))
        self._process.start()

    def wait_ready(self) -> None:
        """Return when it answers.

        Raises:
            RuntimeError: If it does not.
        """
        give_up = time.monotonic() + _START_S
        while time.monotonic() < give_up and self._process is not None and self._process.is_alive():
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.01)
        log = (self.home / f"{self.port}.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"the service on port {self.port} is not ready: {log[-2000:]}")

    def kill(self) -> None:
        """SIGKILL of the service alone; its trainers must notice by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def end(self, *, within_s: float) -> tuple[float, int | None]:
        """SIGTERM; returns the seconds until it was gone and its exit code, None if it had to be killed."""
        started = time.monotonic()
        if self._process is None:
            return 0.0, None
        self._process.terminate()
        self._process.join(within_s)
        exit_code = self._process.exitcode
        seconds = time.monotonic() - started
        self.kill()
        return seconds, exit_code

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(30)
            self.kill()


@contextmanager
def quick_services(count: int, home: Path, **settings: str) -> Iterator[list[QuickService]]:
    """Running services on one home and one database; none is left afterwards."""
    services = [QuickService(home, settings) for _ in range(count)]
    try:
        for service in services:
            service.start()
            # one after the other: the first makes the database
            service.wait_ready()
        yield services
    finally:
        for service in services:
            service.stop()


def probe_order(name: str, **changes: Any) -> dict[str, Any]:
    """The body of a submission that any installation can train, in no time."""
    order = {"trainer_type": "probe", "config": {"probe": {"steps": 1, "seconds_per_step": 0}}, "job_name": name}
    return {**order, **changes}


def _serve(variables: Mapping[str, str], log: str) -> None:
    os.setsid()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    for name in [name for name in os.environ if name.startswith("CLARA_")]:
        del os.environ[name]
    os.environ.update(variables, PYTHONPATH=str(ROOT))
    from backend.training.app import main

    sys.exit(main())
