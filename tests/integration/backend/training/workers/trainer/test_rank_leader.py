"""Real runs of two processes, driven over the pipes of the one that leads them."""

import json
import os
import re
import signal
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.common.process_mark import MARK_VARIABLE
from backend.training.trainers.lora_trainer import LoRATrainer
from backend.training.utils.ranks import Ranks
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import TRAINER_COMMAND
from shared.storage import verify_folder
from tests.support.forked_ranks import run_ranks
from tests.support.processes import environment_values, is_alive, started_at
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.trainer_driver import TrainerRun, lora_order, next_attempt, python, run_to_the_end
from tests.support.training_runs import RecordingReporter, make_context, write_jsonl

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
SHARED_MEMORY = Path("/dev/shm")
WAITING = python("-m", "tests.support.short_ranks", "wait")
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


def start(order: TrainingOrder, *, command: tuple[str, ...] = TRAINER_COMMAND) -> TrainerRun:
    return TrainerRun.start(order, command=command, **ENVIRONMENT, **{MARK_VARIABLE: order.job_id})


def until_step(order: TrainingOrder, step: int) -> TrainerRun:
    """A run that has published the checkpoint of a step."""
    run = start(order)
    while (published := run.until(MessageType.CHECKPOINT)) is not None and published["step"] < step:
        pass
    assert published is not None, run.log.read_text()
    return run


def ranks_of(order: TrainingOrder) -> list[int]:
    """Process ids of the ranks of a job in the order in which they were started, the first one first."""
    marked = [pid for pid, job in environment_values(MARK_VARIABLE).items() if job == order.job_id]
    ranks = [pid for pid in marked if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return sorted(ranks, key=lambda pid: (started_at(pid), pid))


def semaphores_of(pids: Iterable[int]) -> set[Path]:
    """Semaphores of multiprocessing, by the names that they have or had, which these processes hold."""
    maps = "".join(Path(f"/proc/{pid}/maps").read_text() for pid in pids)
    return {SHARED_MEMORY / name for name in re.findall(r"sem\.mp-\w+", maps)}


def left_of(order: TrainingOrder) -> list[int]:
    """Processes of a job that still live, after a moment."""
    for _ in range(50):
        left = [pid for pid, job in environment_values(MARK_VARIABLE).items() if job == order.job_id and is_alive(pid)]
        if not left:
            return []
        time.sleep(0.1)
    return left


@pytest.fixture(scope="module")
def undisturbed(room: Path) -> bytes:
    """The adapter of a run of the same order that nobody disturbed."""
    context = make_context(
        room, room / "model", room / "train.jsonl", config=order_of(room, "whole").config, save_every_steps=1
    )

    def work(ranks: Ranks) -> None:
        LoRATrainer().train(replace(context, ranks=ranks), RecordingReporter())

    run_ranks(room / "meeting", work)
    return (context.adapter_dir / ADAPTER).read_bytes()


@pytest.mark.long
def test_a_killed_rank_is_a_crash_and_the_next_attempts_give_the_bytes_of_an_undisturbed_run(
    room: Path, undisturbed: bytes
) -> None:
    order = order_of(room, "killed")
    run = until_step(order, 3)
    ranks = ranks_of(order)
    assert len(ranks) == 2
    os.kill(ranks[1], signal.SIGKILL)
    assert run.end() == -signal.SIGKILL
    assert "Process 2 of 2 of this run ended: signal 9 (SIGKILL)" in run.of(MessageType.MESSAGE)[-1]["text"]
    assert not run.of(MessageType.ERROR)
    assert left_of(order) == []
    second = until_step(next_attempt(order), 8)
    second.stop("cancel")
    assert second.end() == 0
    assert [message["reason"] for message in second.of(MessageType.STOPPED)] == ["cancel"]
    assert left_of(order) == []
    third = run_to_the_end(next_attempt(next_attempt(order)), **ENVIRONMENT)
    assert third.process.returncode == 0
    went_on_from = second.of(MessageType.CHECKPOINT)[-1]["step"]
    assert third.of(MessageType.PLAN)[0]["start_step"] == went_on_from >= 8
    assert (published_by(third) / ADAPTER).read_bytes() == undisturbed
    said = [message["type"] for message in third.messages if message["type"] not in ("alive", "message")]
    assert said == ["ready", "plan", *["step", "checkpoint"] * (40 - went_on_from), "published"]
    report = json.loads((published_by(third) / "report.json").read_text())
    assert report["run"]["resolved"]["num_processes"] == 2
    assert report["metrics"]["peak_memory_mb"] > 400  # two of them hold the libraries


def published_by(run: TrainerRun) -> Path:
    """The folder that a run says it has published, after a look at its files."""
    published = run.of(MessageType.PUBLISHED)[0]
    manifest = verify_folder(Path(published["path"]))
    assert manifest.sha256 == published["manifest_sha256"]
    assert (manifest.properties["num_processes"], published["metrics"]["num_processes"]) == (2, 2)
    return Path(published["path"])


def test_a_leader_that_is_told_to_stop_hands_back(room: Path) -> None:
    order = order_of(room, "terminated")
    run = start(order, command=WAITING)
    assert run.until(MessageType.READY) is not None
    run.process.terminate()
    assert run.end() == 0
    assert [message["reason"] for message in run.of(MessageType.STOPPED)] == ["hand_back"]
    assert left_of(order) == []


def test_memory_that_one_rank_lacks_is_what_the_run_lacks(room: Path) -> None:
    order = order_of(room, "memory")
    run = run_to_the_end(order, command=python("-m", "tests.support.short_ranks", "memory"), **ENVIRONMENT)
    assert run.process.returncode == 0
    assert [message["code"] for message in run.of(MessageType.ERROR)] == ["out_of_memory"], run.log.read_text()


def test_without_a_service_no_process_lives_on(room: Path) -> None:
    order = order_of(room, "orphaned")
    run = start(order, command=WAITING)
    assert run.until(MessageType.READY) is not None
    ranks = ranks_of(order)
    assert len(ranks) == 2
    semaphores = semaphores_of((run.process.pid, *ranks))
    assert semaphores
    end = time.monotonic() + 30
    while any(name.exists() for name in semaphores) and time.monotonic() < end:  # until the last rank has said hello
        time.sleep(0.1)
    assert run.process.stdin is not None
    run.process.stdin.close()
    run.end()
    assert left_of(order) == []
    assert not any(name.exists() for name in semaphores)
