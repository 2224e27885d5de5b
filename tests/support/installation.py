"""A whole CLARA on free ports in a folder of its own: real service processes, driven through the typed client."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from frontend.client.clara_client import ClaraClient
from frontend.client.models import Dataset, Job

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """Services of one `CLARA_HOME`; each can be started, stopped and killed on its own.

    Args:
        ssl_context: Trust and client certificate, where the settings make the services speak TLS.
    """

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=lambda: {name: free_port() for name in ("training", "datasets")})
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    ssl_context: ssl.SSLContext | None = None

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
        return {
            **inherited,
            "CLARA_HOME": str(self.home),
            "CLARA_SECURITY_MODE": "debug",
            "CLARA_HUB_OFFLINE": "true",
            "CLARA_MAX_CONCURRENT_JOBS": "1",
            "CLARA_TRAINING_PORT": str(self.ports["training"]),
            "CLARA_DATASET_PORT": str(self.ports["datasets"]),
            "CLARA_POLL_SECONDS": "0.2",
            # what is tested without it is not to share the machine with a second process that imports
            "CLARA_WARM_TRAINER": "off",
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }

    def url(self, name: str) -> str:
        return f"{'http' if self.ssl_context is None else 'https'}://127.0.0.1:{self.ports[name]}"

    def client(self) -> ClaraClient:
        urls = (self.url("training"), self.url("datasets"), "http://127.0.0.1:1")
        return ClaraClient(*urls, ssl_context=self.ssl_context)

    def start(self, *names: str) -> None:
        for name in names:
            self.home.mkdir(parents=True, exist_ok=True)
            with (self.home / f"{name}.out").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", f"backend.{name}.app"],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        for name in names:
            self.wait_ready(name)

    def wait_ready(self, name: str, timeout_s: float = 60.0) -> None:
        give_up = time.monotonic() + timeout_s
        while time.monotonic() < give_up:
            try:
                verify = True if self.ssl_context is None else self.ssl_context
                if httpx.get(f"{self.url(name)}/readyz", trust_env=False, verify=verify).status_code == 200:
                    return
            except httpx.TransportError:
                assert self.processes[name].poll() is None, self.output(name)
            time.sleep(0.05)
        raise AssertionError(f"{name} is not ready: {self.output(name)}")

    def output(self, name: str) -> str:
        return (self.home / f"{name}.out").read_text(encoding="utf-8", errors="replace")[-3000:]

    def kill(self, name: str) -> None:
        """kill -9 of the service alone; its children must notice by themselves."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(timeout=60)
        self.processes.clear()

    def clara(self, *arguments: str, timeout_s: float = 600) -> "subprocess.CompletedProcess[str]":
        """Run the command line against this installation."""
        return subprocess.run(
            [sys.executable, "-m", "frontend.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )


@contextmanager
def installation(
    home: Path,
    *,
    services: tuple[str, ...] = ("training", "datasets"),
    ssl_context: ssl.SSLContext | None = None,
    **settings: str,
) -> Iterator[Installation]:
    """A running installation; everything is stopped at the end, whatever the test did to it."""
    it = Installation(home, settings, ssl_context=ssl_context)
    try:
        it.start(*services)
        yield it
    finally:
        for process in it.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in it.processes.values():
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()


def dataset_of(client: ClaraClient, name: str = "all sections", **request: Any) -> Dataset:
    """A completed dataset of everything that was ingested."""
    query = {"query_text": "*", "top_k": 100_000}
    created = client.datasets.create(name, search_query=query, **request)
    *_, final = client.datasets.wait(created.dataset_id, every_s=0.2)
    return final


def until(client: ClaraClient, job_id: str, reached: Any, timeout_s: float = 120.0) -> Job:
    """The job as soon as `reached(job)` is true."""
    give_up = time.monotonic() + timeout_s
    while not reached(job := client.jobs.get(job_id)):
        assert time.monotonic() < give_up, job
        time.sleep(0.1)
    return job


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
