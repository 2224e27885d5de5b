"""Real runs of two processes, driven over the pipes of the one that leads them."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.common.process_mark import MARK_VARIABLE
from backend.training.workers.protocol import MessageType, TrainingOrder
from shared.storage import verify_folder
from tests.support.processes import cpu_seconds, environment_values, is_alive
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.trainer_driver import TrainerRun, lora_order, next_attempt, python, run_to_the_end
from tests.support.training_runs import write_jsonl

ADAPTER = "adapter_model.safetensors"
CONFIG: dict[str, Any] = {
    "lora": {"r": 4, "alpha": 8, "dropout": 0.1},
    "data": {"validation_split": 0},
    "training": {
        "num_processes": 2,
        "max_steps": 40,
        "num_epochs": 100,
        "batch_size": 2,
        "gradient_accumulation_steps": 2,
        "logging_steps": 1,
        "save_steps": 1,
    },
}
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_WAIT_POLICY": "PASSIVE"}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ranks")
    make_tiny_model(root / "model")
    write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(24)])
    return root


def order_of(room: Path, name: str, **training: Any) -> TrainingOrder:
    config = {**CONFIG, "training": {**CONFIG["training"], **training}}
    return replace(lora_order(room, room / "model", room / "train.jsonl", config, name=name), cpu_threads=2)


def ranks_of(order: TrainingOrder) -> list[int]:
    """Process ids of the ranks of an attempt that we have started with its name as mark."""
    found = environment_values("RANK")
    marked = environment_values(MARK_VARIABLE)
    return [pid for pid, _ in sorted(found.items(), key=lambda item: item[1]) if marked.get(pid) == order.job_id]


def start(order: TrainingOrder) -> TrainerRun:
    return TrainerRun.start(order, **ENVIRONMENT, **{MARK_VARIABLE: order.job_id})


def at_step(order: TrainingOrder, step: int) -> tuple[TrainerRun, list[int]]:
    """A run that has published the checkpoint of a step, and its ranks."""
    run = start(order)
    while (published := run.until(MessageType.CHECKPOINT)) is not None and published["step"] < step:
        pass
    assert published is not None, run.log.read_text()
    pids = [pid for pid in environment_values(MARK_VARIABLE) if _command_names(pid, "spawn_main")]
    marked = environment_values(MARK_VARIABLE)
    return run, [pid for pid in sorted(pids) if marked.get(pid) == order.job_id]


def _command_names(pid: int, what: str) -> bool:
    try:
        return what in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def left_of(order: TrainingOrder) -> list[int]:
    """Processes of a job that still live, after a moment."""
    for _ in range(50):
        left = [pid for pid, job in environment_values(MARK_VARIABLE).items() if job == order.job_id and is_alive(pid)]
        if not left:
            return []
        time.sleep(0.1)
    return left


@pytest.fixture(scope="module")
def whole(room: Path) -> TrainerRun:
    """A run that nobody disturbed."""
    run = run_to_the_end(order_of(room, "whole"), **ENVIRONMENT)
    assert run.of(MessageType.PUBLISHED), run.log.read_text()
    return run


def adapter_of(run: TrainerRun) -> bytes:
    return (Path(run.of(MessageType.PUBLISHED)[0]["path"]) / ADAPTER).read_bytes()


def test_two_processes_report_and_publish_as_one(whole: TrainerRun) -> None:
    said = [message["type"] for message in whole.messages if message["type"] != MessageType.ALIVE]
    assert said == ["ready", "plan", *["step", "checkpoint"] * 40, "published"]
    assert whole.process.returncode == 0
    published = whole.of(MessageType.PUBLISHED)[0]
    manifest = verify_folder(Path(published["path"]))
    assert manifest.sha256 == published["manifest_sha256"]
    assert (manifest.properties["num_processes"], published["metrics"]["num_processes"]) == (2, 2)
    report = json.loads((Path(published["path"]) / "report.json").read_text())
    assert report["run"]["resolved"]["num_processes"] == 2
    # two of them hold the libraries
    assert published["metrics"]["peak_memory_mb"] > 400


def test_a_killed_rank_is_a_crash_and_the_next_attempt_gives_the_bytes_of_an_undisturbed_run(
    room: Path, whole: TrainerRun
) -> None:
    order = order_of(room, "killed")
    run, pids = at_step(order, 3)
    assert len(pids) == 2
    os.kill(pids[1], signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    assert "Process 2 of 2 of this run ended: signal 9 (SIGKILL)" in run.of(MessageType.MESSAGE)[-1]["text"]
    assert not run.of(MessageType.ERROR)
    assert left_of(order) == []
    # a service manager tells every process to stop
    second, _ = at_step(next_attempt(order), 8)
    os.killpg(second.process.pid, signal.SIGTERM)
    assert second.end() == 0
    assert [message["reason"] for message in second.of(MessageType.STOPPED)] == ["hand_back"]
    third = run_to_the_end(next_attempt(next_attempt(order)), **ENVIRONMENT)
    assert third.of(MessageType.PLAN)[0]["start_step"] == second.of(MessageType.CHECKPOINT)[-1]["step"] >= 8
    assert adapter_of(third) == adapter_of(whole)


def test_a_cancel_ends_all_processes(room: Path) -> None:
    order = order_of(room, "cancelled", max_steps=100_000, num_epochs=1000, save_steps=2)
    run, _ = at_step(order, 2)
    run.stop("cancel")
    assert run.end() == 0
    assert [message["reason"] for message in run.of(MessageType.STOPPED)] == ["cancel"]
    assert left_of(order) == []


@pytest.mark.parametrize(("how", "exit_code"), [("memory", 0), ("abort", -signal.SIGABRT)])
def test_what_happens_to_one_rank_is_what_happens_to_the_run(room: Path, how: str, exit_code: int) -> None:
    order = order_of(room, how)
    run = run_to_the_end(order, command=python("-m", "tests.support.failing_ranks"), FAIL_HOW=how, **ENVIRONMENT)
    assert run.process.returncode == exit_code, run.log.read_text()
    errors = [message["code"] for message in run.of(MessageType.ERROR)]
    assert errors == (["out_of_memory"] if how == "memory" else [])
    if how == "abort":
        assert "Process 2 of 2 of this run ended: signal 6 (SIGABRT)" in run.of(MessageType.MESSAGE)[-1]["text"]


def test_without_a_service_no_process_lives_on(room: Path) -> None:
    order = order_of(room, "orphaned", max_steps=100_000, num_epochs=1000, save_steps=2)
    run, pids = at_step(order, 2)
    assert all(cpu_seconds(pid) > 0 for pid in pids)
    assert run.process.stdin is not None
    run.process.stdin.close()
    run.process.wait()
    assert left_of(order) == []
