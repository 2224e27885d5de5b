"""`clara` from end to end: it starts the real services, and everything else goes through them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.live_server import free_port
from tests.support.tiny_model import make_tiny_model, sentences

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Machine:
    """A user's machine: one home, two ports, and `clara`."""

    environment: dict[str, str]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "frontend.cli", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def clara(self, *arguments: str, exit_code: int = 0) -> str:
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == exit_code, f"{arguments}: {process.returncode}\n{stdout}\n{stderr}"
        assert "Traceback" not in stderr
        return stdout

    def json(self, *arguments: str, exit_code: int = 0) -> Any:
        return json.loads(self.clara(*arguments, "--json", exit_code=exit_code))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLARA_")}
    home = tmp_path_factory.mktemp("home")
    make_tiny_model(home / "models" / "tiny")
    settings = {
        "CLARA_HOME": str(home),
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_HUB_OFFLINE": "true",
        "CLARA_TRAINING_PORT": str(free_port()),
        "CLARA_DATASET_PORT": str(free_port()),
        "CLARA_LANG": "en",
        "CLARA_WARM_TRAINER": "off",
        "OMP_NUM_THREADS": "1",
    }
    return Machine(inherited | settings)


@pytest.fixture(scope="module")
def serving(machine: Machine) -> Iterator[list[dict[str, Any]]]:
    """`clara serve all` in the foreground; what it said about each service. Ctrl-C ends it."""
    process = machine.start("serve", "all", "--json")
    assert process.stdout is not None
    ready = [json.loads(process.stdout.readline()) for _ in range(2)]
    yield ready
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert not [event for event in ready if is_alive(event["pid"])]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus") / "Satzungen"
    folder.mkdir()
    for n in range(30):
        (folder / f"Satzung {n}.md").write_text(satzung(n), encoding="utf-8")
    (folder / "kaputt.pdf").write_bytes(b"%PDF-1.7 nothing follows")
    return folder


def satzung(number: int) -> str:
    parts = [f"# Satzung {number}"]
    for n in range(1, 5):
        body = " ".join(sentences(4, seed=10 * number + n))
        parts.append(f"## § {n} Regelung {n}\n\n{body}")
    return "\n\n".join(parts)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_both_services_are_announced_with_their_addresses(machine: Machine, serving: Sequence[dict[str, Any]]) -> None:
    assert [(event["event"], event["service"]) for event in serving] == [("ready", "training"), ("ready", "datasets")]
    assert serving[0]["url"].endswith(machine.environment["CLARA_TRAINING_PORT"])


def test_a_second_start_says_that_the_service_runs_already(machine: Machine, serving: object) -> None:
    process = machine.start("serve", "datasets")
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "runs already" in stderr


def test_documents_become_a_dataset_an_adapter_and_a_report(
    machine: Machine, serving: object, corpus: Path, tmp_path: Path
) -> None:
    ingested = machine.json("ingest", str(corpus), exit_code=1)
    assert (ingested["ingested"], [failure["path"] for failure in ingested["failed"]]) == (30, ["kaputt.pdf"])
    assert machine.json("ingest", str(corpus), exit_code=1)["unchanged"] == 30
    listed = machine.json("documents", "list", "--source", "Satzungen", "--limit", "7")
    assert (len(listed["documents"]), listed["total_count"]) == (7, 30)
    assert machine.json("documents", "show", listed["documents"][0]["document_id"])["section_count"] >= 4

    built = machine.json("datasets", "create", "satzungen", "-q", "*", "--top-k", "1000", "--min-quality", "0")
    assert built["status"] == "completed"
    dataset_id = built["dataset_id"]
    assert Path(machine.json("datasets", "export", dataset_id, "--format", "parquet")["export_path"]).exists()
    fetched = machine.json("datasets", "download", dataset_id, "--format", "parquet", "--to", str(tmp_path))
    assert Path(fetched["path"]).stat().st_size == fetched["size_bytes"] > 0

    options = ("--base-model", "tiny", "--set", "training.max_steps=4", "--set", "training.logging_steps=1")
    updates = [
        json.loads(line)
        for line in machine.clara("train", "--dataset", dataset_id, *options, "--watch", "--json").splitlines()
    ]
    assert [update["seq"] for update in updates] == list(range(1, len(updates) + 1))
    assert updates[-1]["status"] == "completed"
    job_id = updates[-1]["job_id"]

    assert machine.json("jobs", "show", job_id)["progress_percent"] == 100
    assert len(machine.clara("jobs", "events", job_id, "--json").splitlines()) == len(updates)
    assert machine.json("adapters", "list")["adapters"][0]["job_id"] == job_id
    report = machine.json("jobs", "report", job_id)
    assert {entry["step"] for entry in report["loss_history"]} >= {1, 2, 3, 4}
    assert "┤" in machine.clara("jobs", "report", job_id, "--png", str(tmp_path / "loss.png"))
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    machine.clara("datasets", "delete", dataset_id, "--yes", exit_code=5)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("jobs", "show", "job_404"), 4),
        (("datasets", "show", "dataset_404"), 4),
        (("documents", "show", "document_404"), 4),
        (("adapters", "show", "adapter_404"), 4),
        (("jobs", "watch", "job_404"), 4),
        (("train", "--base-model", "no-such-model"), 2),
        (("train", "--set", "lora.rankk=1"), 2),
        (("train", "--base-model", "tiny", "--dataset", "dataset_404"), 4),
        (("datasets", "create", "!", "-q", "x"), 2),
        (("datasets", "create", "name", "-q", "x", "--format", "docx", "--no-wait"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_orders_end_with_the_exit_code_of_their_family(
    machine: Machine, serving: object, arguments: tuple[str, ...], exit_code: int
) -> None:
    machine.clara(*arguments, exit_code=exit_code)
    machine.clara(*arguments, "--json", exit_code=exit_code)


def test_a_service_that_dies_ends_the_command_with_its_last_words(machine: Machine, tmp_path: Path) -> None:
    ports = {"CLARA_TRAINING_PORT": str(free_port()), "CLARA_HOME": str(tmp_path)}
    process = Machine(machine.environment | ports).start("serve", "training", "--json")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    os.kill(ready["pid"], signal.SIGKILL)
    killed_at = time.monotonic()
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 6
    assert json.loads(stderr.splitlines()[-1])["error"]["code"] == "service_ended"
    assert time.monotonic() - killed_at < 30
