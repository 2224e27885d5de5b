"""Builds that are killed, services that are killed or stopped: nothing is lost, nothing half-done is seen."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.dataset_service import DatasetService, running_service
from tests.support.processes import is_alive

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="signals and process groups of POSIX"),
]

DOCUMENTS = 90
_SLICE_S = 0.02


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


def _held_build(service: DatasetService, **order: Any) -> tuple[str, int]:
    """Order a dataset; its id and the process of its build, which has begun to work and is stopped (SIGSTOP).

    It goes on in slices until it tells of its first work, so that it does not end while nobody looks.
    """
    deadline = time.monotonic() + 120
    while _children(service.process.pid):
        assert time.monotonic() < deadline, "the process of an earlier build does not end"
    dataset_id = service.create(**order)
    while not (children := _children(service.process.pid)):
        assert time.monotonic() < deadline, "no build was started"
    (builder,) = children
    os.kill(builder, signal.SIGSTOP)
    while not service.call("GET", f"/api/datasets/{dataset_id}")["metadata"].get("progress"):
        assert time.monotonic() < deadline, "the build did not begin"
        os.kill(builder, signal.SIGCONT)
        time.sleep(_SLICE_S)
        os.kill(builder, signal.SIGSTOP)
    return dataset_id, builder


def test_a_killed_build_is_repeated_and_gives_the_same_content(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        service.upload(DOCUMENTS)
        undisturbed = service.finished(service.create(export_formats=["jsonl", "json"]))
        dataset_id, builder = _held_build(service, export_formats=["jsonl", "json"])
        os.kill(builder, signal.SIGKILL)
        repeated = service.finished(dataset_id)

    assert repeated["status"] == "completed", repeated["error_message"]
    assert repeated["content_sha256"] == undisturbed["content_sha256"]
    assert _claims(repeated) == 2
    assert [path.name for path in Path(repeated["path"]).parents[1].iterdir()] == ["2"]


def test_a_killed_service_takes_its_build_along_and_the_next_one_finishes_it(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        service.upload(DOCUMENTS)
        dataset_id, builder = _held_build(service)
        service.stop(signal.SIGKILL)
        # only now: nobody is there any more when it goes on
        with suppress(ProcessLookupError):
            os.kill(builder, signal.SIGCONT)
        deadline = time.monotonic() + 30
        while is_alive(builder) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not is_alive(builder)

    with running_service(tmp_path / "home") as service:
        finished = service.finished(dataset_id)
        assert (finished["status"], _claims(finished)) == ("completed", 2)


def test_a_stopped_service_hands_its_build_back_at_once(tmp_path: Path) -> None:
    # a lease that nobody could wait for: only a hand-back lets the next service begin
    patient = {"CLARA_LEASE_SECONDS": "3600"}
    with running_service(tmp_path / "home", patient) as service:
        service.upload(DOCUMENTS)
        dataset_id, builder = _held_build(service)
        assert service.stop(signal.SIGTERM) == 0
        assert not is_alive(builder)

    with running_service(tmp_path / "home", patient) as service:
        finished = service.finished(dataset_id)
        assert (finished["status"], _claims(finished)) == ("completed", 2)


def _claims(finished: Mapping[str, Any]) -> int:
    """How many times a finished dataset was claimed; 1 if its first build came to its end."""
    return int(Path(finished["path"]).parent.name)


def test_the_service_imports_neither_torch_nor_pyarrow() -> None:
    script = (
        "import sys, backend.datasets.app as app\n"
        "from config.development import DevelopmentConfig\n"
        "app.create_app(DevelopmentConfig(security_mode='debug'))\n"
        "print(sorted({'torch', 'pyarrow', 'numpy', 'transformers', 'pypdf', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
