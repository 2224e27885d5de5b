"""Builds that are killed, services that are killed or stopped: nothing is lost, nothing half-done is seen."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.dataset_service import DatasetService, running_service

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX"),
]

DOCUMENTS = 90


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(status.rpartition(")")[2].split()[1]) == pid and b"build_worker" in command:
                found.append(int(entry.name))
    return found


def _building(service: DatasetService, dataset_id: str) -> int:
    """Process id of the build once it has begun to work."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        progress = service.call("GET", f"/api/datasets/{dataset_id}")["metadata"].get("progress")
        children = _children(service.process.pid)
        if progress and children:
            return children[0]
        time.sleep(0.02)
    raise AssertionError("the build did not begin")


def _is_gone(pid: int) -> bool:
    try:
        return "Z" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True


def test_a_killed_build_is_repeated_and_gives_the_same_content(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        service.upload(DOCUMENTS)
        undisturbed = service.finished(service.create(export_formats=["jsonl", "json"]))
        dataset_id = service.create(export_formats=["jsonl", "json"])
        os.kill(_building(service, dataset_id), signal.SIGKILL)
        repeated = service.finished(dataset_id)

    assert repeated["status"] == "completed", repeated["error_message"]
    assert repeated["content_sha256"] == undisturbed["content_sha256"]
    assert Path(repeated["path"]).parent.name == "2"
    assert [path.name for path in Path(repeated["path"]).parents[1].iterdir()] == ["2"]


def test_a_killed_service_takes_its_build_along_and_the_next_one_finishes_it(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        service.upload(DOCUMENTS)
        dataset_id = service.create()
        builder = _building(service, dataset_id)
        service.stop(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not _is_gone(builder) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _is_gone(builder)

    with running_service(tmp_path / "home") as service:
        assert service.finished(dataset_id)["status"] == "completed"


def test_a_stopped_service_hands_its_build_back_at_once(tmp_path: Path) -> None:
    # a lease that nobody could wait for: only a hand-back lets the next service begin
    patient = {"CLARA_LEASE_SECONDS": "3600"}
    with running_service(tmp_path / "home", patient) as service:
        service.upload(DOCUMENTS)
        dataset_id = service.create()
        builder = _building(service, dataset_id)
        assert service.stop(signal.SIGTERM) == 0
        assert _is_gone(builder)

    with running_service(tmp_path / "home", patient) as service:
        assert service.finished(dataset_id)["status"] == "completed"


def test_the_service_imports_neither_torch_nor_pyarrow() -> None:
    script = (
        "import sys, backend.datasets.app as app\n"
        "from config.development import DevelopmentConfig\n"
        "app.create_app(DevelopmentConfig(security_mode='debug'))\n"
        "print(sorted({'torch', 'pyarrow', 'numpy', 'transformers', 'pypdf', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
