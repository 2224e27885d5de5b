"""The trainer process itself, driven over its pipes: what it loads, what it says, how it stops and how it fails."""

import json
import os
import time
from pathlib import Path

import pytest

from backend.training.workers.protocol import MessageType
from shared.storage import verify_folder
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.trainer_driver import TrainerRun, lora_order, next_attempt, probe_order, python, run_to_the_end
from tests.support.training_runs import write_jsonl

QUICK = {"probe": {"steps": 4, "seconds_per_step": 0}, "training": {"logging_steps": 1}}
ENDLESS = {"probe": {"steps": 100_000, "seconds_per_step": 0.01}, "training": {"logging_steps": 1}}
HEAVY = ("torch", "transformers", "peft", "matplotlib", "pyarrow", "fastapi", "sqlalchemy", "config")


def test_a_probe_publishes_a_verified_adapter_with_report_and_model_card(tmp_path: Path) -> None:
    run = run_to_the_end(probe_order(tmp_path, QUICK))
    said = [message["type"] for message in run.messages if message["type"] != MessageType.ALIVE]
    assert said == ["ready", "plan", *["step", "checkpoint"] * 4, "published"], run.log.read_text()
    folder = tmp_path / "adapters" / "job_a.e1"
    manifest = verify_folder(folder)
    assert manifest.sha256 == run.messages[-1]["manifest_sha256"]
    assert set(manifest.files) == {
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
        "report.json",
        "training_config.json",
        "training_log.jsonl",
    }
    report = json.loads((folder / "report.json").read_text())
    assert [row["step"] for row in report["loss_history"]] == [1, 2, 3, 4]
    assert run.log.read_text() == ""


def test_a_probe_loads_numpy_and_nothing_heavier(tmp_path: Path) -> None:
    run = run_to_the_end(
        probe_order(tmp_path, QUICK), command=python("-X", "importtime", "-m", "backend.training.workers.trainer.main")
    )
    assert run.of(MessageType.PUBLISHED)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.log.read_text().splitlines()}
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


def test_a_run_tells_where_the_time_of_its_start_went_and_what_computes(tmp_path: Path) -> None:
    model = make_tiny_model(tmp_path / "m")
    train = write_jsonl(tmp_path / "t.jsonl", [{"text": text} for text in sentences(8)])
    began = time.monotonic()
    run = TrainerRun.start(lora_order(tmp_path, model, train, {"training": {"max_steps": 1}}))
    plan = run.until(MessageType.PLAN)
    waited_s = time.monotonic() - began
    run.kill()
    assert plan is not None
    laps = plan["facts"]["start_s"]
    assert list(laps) == ["process", "imports", "digest", "tokenizer", "records", "model", "adapter"]
    assert all(seconds > 0 for seconds in laps.values())
    assert 0.5 * waited_s < sum(laps.values()) <= waited_s
    assert {"attention": "sdpa", "layer_kernels": "torch"}.items() <= plan["facts"].items()


@pytest.mark.parametrize("reason", ["hand_back", "pause"])
def test_a_hand_back_and_a_pause_publish_where_they_stop(tmp_path: Path, reason: str) -> None:
    order = probe_order(tmp_path, ENDLESS)
    run = TrainerRun.start(order)
    assert run.until(MessageType.STEP)
    run.stop(reason)
    assert run.end() == 0
    assert run.messages[-1] == {"type": "stopped", "reason": reason}
    assert run.of(MessageType.CHECKPOINT)[-1]["step"] == run.of(MessageType.STEP)[-1]["step"]
    again = TrainerRun.start(next_attempt(order))
    plan = again.until(MessageType.PLAN)
    again.kill()
    assert plan is not None
    assert plan["start_step"] == run.of(MessageType.STEP)[-1]["step"]


def test_nothing_takes_a_cancel_back(tmp_path: Path) -> None:
    run = TrainerRun.start(probe_order(tmp_path, {"probe": {"steps": 5, "seconds_per_step": 3600}}))
    assert run.until(MessageType.PLAN)
    run.stop("cancel")
    run.stop("pause")
    assert run.end() == 0
    assert run.messages[-1] == {"type": "stopped", "reason": "cancel"}
    assert not run.of(MessageType.CHECKPOINT)
    assert not list((tmp_path / "adapters").iterdir())


def test_signs_of_life_come_in_a_long_step_and_end_with_a_hang(tmp_path: Path) -> None:
    run = TrainerRun.start(probe_order(tmp_path, {"probe": {"steps": 5, "seconds_per_step": 3600}}))
    assert run.until(MessageType.ALIVE)
    assert run.until(MessageType.ALIVE)
    run.kill()


@pytest.mark.parametrize(
    ("probe", "code", "is_retryable"),
    [
        ({"error_at": 2}, "probe_failed", False),
        ({"error_at": 2, "error_how": "temporary"}, "probe_unavailable", True),
        ({"allocate_at": 2, "allocate_mb": 100_000}, "out_of_memory", True),
    ],
)
def test_an_error_says_whether_trying_again_may_help(
    tmp_path: Path, probe: dict[str, object], code: str, is_retryable: bool
) -> None:
    order = probe_order(tmp_path, {**QUICK, "probe": {**QUICK["probe"], **probe}})
    limited = "ulimit -v 4000000; exec " + " ".join(python("-m", "backend.training.workers.trainer.main"))
    run = run_to_the_end(order, command=("bash", "-c", limited))
    last = run.messages[-1]
    assert (last["type"], last["code"], last["is_retryable"]) == ("error", code, is_retryable), run.log.read_text()
    assert not list((tmp_path / "adapters").iterdir())


def test_a_full_disk_is_an_error_that_may_mend_itself(tmp_path: Path) -> None:
    # a file may grow to 64 KiB only: the write that goes beyond fails as on a full disk
    order = probe_order(tmp_path, {**QUICK, "probe": {**QUICK["probe"], "width": 1024}})
    limited = "ulimit -f 64; exec " + " ".join(python("-m", "backend.training.workers.trainer.main"))
    run = run_to_the_end(order, command=("bash", "-c", limited))
    last = run.messages[-1]
    assert (last["type"], last["code"], last["is_retryable"]) == ("error", "disk_full", True), run.log.read_text()
    assert not list((tmp_path / "jobs" / "job_a" / "checkpoints").iterdir())


def test_a_damaged_checkpoint_is_passed_over_and_the_reason_is_told(tmp_path: Path) -> None:
    order = probe_order(tmp_path, {**QUICK, "probe": {**QUICK["probe"], "error_at": 4}})
    run_to_the_end(order)
    torn = tmp_path / "jobs" / "job_a" / "checkpoints" / "step-000003.e1" / "optimizer.safetensors"
    os.truncate(torn, 10)
    run = run_to_the_end(next_attempt(order))
    told = [message["text"] for message in run.of(MessageType.MESSAGE)]
    assert told == [
        "Checkpoint step-000003.e1 is passed over: optimizer.safetensors was altered.",
        "Going on from checkpoint step-000002.e1.",
    ]


def test_a_service_that_is_gone_ends_its_trainer(tmp_path: Path) -> None:
    run = TrainerRun.start(probe_order(tmp_path, ENDLESS))
    assert run.until(MessageType.STEP)
    assert run.process.stdin is not None
    run.process.stdin.close()
    run.process.wait(timeout=20)
    assert run.process.stdout is not None
    run.process.stdout.close()
