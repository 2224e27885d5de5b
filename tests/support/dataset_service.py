"""The real dataset service as a process of its own, on a free port, with everything below one folder."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.support.legal_texts import a_parsed_document
from tests.support.live_server import free_port

_START_S, _BUILD_S = 60.0, 120.0


@dataclass(slots=True)
class DatasetService:
    """A running service."""

    process: subprocess.Popen[bytes]
    client: httpx.Client

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """The JSON answer of a call that must have this status."""
        response = self.client.request(method, path, **options)
        assert response.status_code == status, response.text
        return response.json()

    def upload(self, documents: int) -> Any:
        """Send generated documents as Markdown."""
        return self.call("POST", "/api/datasets/upload", files=markdown_parts(documents), data={"source": "amt"})

    def create(self, **changes: Any) -> str:
        """Order a dataset of everything; returns its id."""
        return str(self.call("POST", "/api/datasets", json=an_order(**changes))["dataset_id"])

    def finished(self, dataset_id: str, *, within_s: float = _BUILD_S, look_s: float = 0.1) -> Any:
        """The dataset once its build has ended; looks every so many seconds."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            dataset = self.call("GET", f"/api/datasets/{dataset_id}")
            if dataset["status"] in ("completed", "failed"):
                return dataset
            time.sleep(look_s)
        raise AssertionError(f"dataset {dataset_id} is still {dataset['status']}: {dataset['metadata']}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the service; returns its exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)


def an_order(**changes: Any) -> dict[str, Any]:
    """A create request for every document."""
    return {
        "name": "Satzungen 2026",
        "description": "Alle Satzungen",
        "search_query": {"query_text": "*", "top_k": 10_000},
        "export_formats": ["jsonl"],
        **changes,
    }


def markdown_parts(documents: int) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Generated documents as parts of a multipart request."""
    parts = []
    for number in range(documents):
        parsed = a_parsed_document(number)
        sections = "\n\n".join(f"## {each.number} {each.heading}\n\n{each.text}" for each in parsed.sections)
        text = f"# {parsed.title}\n\n{sections}\n"
        parts.append(("files", (f"satzungen/{number}.md", text.encode(), "text/markdown")))
    return parts


@contextmanager
def running_service(home: Path, environment: Mapping[str, str] | None = None) -> Iterator[DatasetService]:
    """Start the service on a home folder, which may hold the state of an earlier one; kill what is left at the end."""
    port = free_port()
    settings = {
        "CLARA_HOME": str(home),
        "CLARA_ENVIRONMENT": "development",
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_DATASET_PORT": str(port),
        "CLARA_POLL_SECONDS": "0.1",
        "CLARA_HEARTBEAT_SECONDS": "0.3",
        "CLARA_LEASE_SECONDS": "3",
        "CLARA_GRACE_SECONDS": "2",
        # where nobody looks at what is ready, its making would only cost time
        "CLARA_STREAMING_PREPARE": "false",
        **(environment or {}),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    with (home.parent / f"{home.name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.datasets.app"], env={**kept, **settings}, stdout=log, stderr=log
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_up(process, client)
            yield DatasetService(process, client)
    finally:
        process.kill()
        process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service ended at its start; see its log"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the service did not come up")
