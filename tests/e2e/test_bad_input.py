"""Bad input gets a clear error, and nothing is lost by it."""

import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.installation import Installation, free_port


def post(it: Installation, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(f"{it.url('training')}/api/training/jobs", json=body, trust_env=False)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"trainer_type": "lora", "config": {"trainig": {}}}, 422, "did you mean 'training'"),
        ({"trainer_type": "lora", "config": {"training": {"learning_rat": 1e-4}}}, 422, "did you mean 'learning_rate'"),
        ({"trainer_type": "lora", "config": {}, "dataset_id": "dataset_none"}, 404, "dataset_none"),
        ({"trainer_type": "lora", "config": {}, "dataset_path": "../../etc/passwd"}, 422, "not inside the allowed"),
        ({"trainer_type": "lora", "config": {}, "dataset_path": "/etc/passwd"}, 422, "not inside the allowed"),
        ({"trainer_type": "lora", "config": {}, "dataset_path": "none.jsonl"}, 422, "does not exist"),
        ({"trainer_type": "lora", "config_path": "../secret.yaml"}, 422, "not inside the allowed"),
        ({"trainer_type": "lora", "config": {"model": {"base_model": "no-such-model"}}}, 422, "create-starter"),
        ({"trainer_type": "lora", "config": {"model": {"base_model": "/etc"}}}, 422, "not inside the allowed"),
        ({"trainer_type": "lora", "config": {"model": {"base_model": "adapters"}}}, 422, "is not a model folder"),
        ({"trainer_type": "quantum", "config": {}}, 422, "is not installed"),
        ({"trainer_type": "lora"}, 422, "exactly one of config_path and config"),
        ({"trainer_type": "lora", "config": {}, "priority": 9}, 422, "priority"),
    ],
)
def test_a_wrong_job_is_refused_with_the_reason(
    ready: tuple[Installation, str], body: dict[str, Any], status: int, words: str
) -> None:
    it, _ = ready
    answer = post(it, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert words in answer.text


def test_two_times_ten_to_the_minus_four_is_a_number(ready: tuple[Installation, str], here: Path) -> None:
    it, dataset_id = ready
    (here / "configs" / "rate.yaml").write_text("training:\n  learning_rate: 2e-4\n  max_steps: 1\n", encoding="utf-8")
    answer = post(it, {"trainer_type": "lora", "config_path": "rate.yaml", "dataset_id": dataset_id})
    assert answer.status_code == 200, answer.text
    job_id = answer.json()["job_id"]
    assert answer.json()["data"]["config"]["training"]["learning_rate"] == 2e-4
    with it.client() as client:
        client.jobs.cancel(job_id)


def test_a_search_without_hits_fails_the_dataset_with_the_reason(ready: tuple[Installation, str]) -> None:
    it, _ = ready
    made = it.clara("datasets", "create", "nothing", "--query", "xyzzyplugh", "--json")
    assert made.returncode != 0
    assert "match" in (made.stdout + made.stderr)


def test_broken_files_are_named_and_do_not_stop_the_rest(ready: tuple[Installation, str], tmp_path: Path) -> None:
    it, _ = ready
    (tmp_path / "good.md").write_text(
        "# Gute Satzung\n\n## § 1 Zweck\n\nDiese Satzung gilt überall.\n", encoding="utf-8"
    )
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    (tmp_path / "broken.docx").write_bytes(b"PK\x03\x04 no zip")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.txt", b"\0" * 300_000_000)
    done = it.clara("ingest", str(tmp_path), "--source", "mixed", "--json")
    assert done.returncode == 1, done.stderr
    answer = json.loads(done.stdout)
    failed = {Path(failure["path"].split("!")[0]).name for failure in answer["failed"]}
    assert failed == {"broken.pdf", "broken.docx", "bomb.zip"}
    assert answer["ingested"] == 1


def start_alone(
    home: Path, port: int, service: str = "training", **settings: str
) -> "subprocess.CompletedProcess[str]":
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CLARA_")},
        "CLARA_HOME": str(home),
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_TRAINING_PORT": str(port),
        "CLARA_DATASET_PORT": str(port),
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-m", f"backend.{service}.app"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_port_in_use_is_named_with_the_setting_that_changes_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = start_alone(tmp_path, taken.getsockname()[1])
    assert done.returncode == 2
    assert "CLARA_TRAINING_PORT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", ["training", "datasets"])
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, service: str) -> None:
    # a file where the folder should be cannot be written by anybody, root included
    (tmp_path / "home").write_text("not a folder", encoding="utf-8")
    done = start_alone(tmp_path / "home", free_port(), service)
    assert done.returncode == 2
    assert str(tmp_path / "home") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", ["training", "datasets"])
def test_a_setting_that_makes_no_sense_is_named(tmp_path: Path, service: str) -> None:
    done = start_alone(tmp_path, free_port(), service, CLARA_LEASE_SECONDS="soon")
    assert done.returncode == 2
    assert "CLARA_LEASE_SECONDS" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", ["training", "datasets"])
def test_a_database_that_is_away_at_start_is_named(tmp_path: Path, service: str) -> None:
    url = f"postgresql://clara:hidden@127.0.0.1:{free_port()}/clara"
    done = start_alone(tmp_path, free_port(), service, CLARA_DATABASE_URL=url)
    assert done.returncode == 2
    assert "cannot be reached" in done.stderr
    assert "hidden" not in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_mode_refuses_to_listen_on_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLARA_ENVIRONMENT", raising=False)
    environment = {
        **os.environ,
        "CLARA_HOME": str(tmp_path),
        "CLARA_SECURITY_MODE": "debug",
        "CLARA_API_HOST": "0.0.0.0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "backend.training.app"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "loopback" in done.stderr
