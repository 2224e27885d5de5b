"""Trained tokens per second of a LoRA run in two processes (`training.num_processes`) over the same run in one.

One thread each; the same small random Llama (6.6 million parameters), real records of mixed length, seed and steps, in
turn, in rounds. The time is that of the optimisation, from the plan to the checkpoint of the last step, without imports
and loading. The ratio is the median of the ratios of each round; bound: 1.4, on a machine with two free cores
(beside other work two processes get less than two cores: each round waits up to ten minutes until they are free, and
`free_cores` says how many were when it began).
`loss_distance` is the largest relative distance of a step's loss between the two, `is_repeated` whether all runs of two
processes gave the same bytes.
"""

import hashlib
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types

from backend.training.utils.machine import Machine
from backend.training.workers.protocol import MessageType
from tests.benchmarks import _speed_task
from tests.support.trainer_driver import TrainerRun, lora_order

ROUNDS = 3
RECORDS = 192
BOUND = 1.4
LOSS_BOUND = 1e-5
_LOOK_S, _PATIENCE_S = 3.0, 600.0
_TWO_FREE = 1.8
_TRAINING = {
    "num_epochs": 1,
    "batch_size": 4,
    "gradient_accumulation_steps": 4,
    "learning_rate": 1e-3,
    "min_warmup_steps": 3,
    "logging_steps": 1,
}


def measure() -> dict[str, Any]:
    if lacking := _speed_task.missing():
        return {"skipped": f"{', '.join(lacking)} not there; set CLARA_SHARED_DATA", "holds": True}
    if (cpus := Machine.here().cpus) < 2:
        return {"skipped": f"two processes need two cores, this machine has {cpus}", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        train, _ = _speed_task.write_records(root, train=RECORDS, held_out=2)
        model = _speed_task.make_model(root / "model", [train])
        free, found = [], []
        for number in range(ROUNDS):
            free.append(_quiet(cpus))
            found.append([_run(root, model, train, count, name=f"{number}-{count}") for count in (1, 2)])
    return _compared(found, free)


def _quiet(cpus: int) -> float:
    """Wait until two cores are free, or long enough; returns how many are."""
    end = time.monotonic() + _PATIENCE_S
    while (free := (100 - psutil.cpu_percent(interval=_LOOK_S)) / 100 * cpus) < _TWO_FREE and time.monotonic() < end:
        pass
    return round(free, 1)


def _run(root: Path, model: Path, train: Path, processes: int, *, name: str) -> Mapping[str, Any]:
    config = {
        "lora": {"dropout": 0},
        "data": {"validation_split": 0, "max_length": _speed_task.MAX_LENGTH},
        "training": {**_TRAINING, "num_processes": processes},
    }
    order = replace(
        lora_order(root, model, train, config, name=name), save_every_steps=1_000_000, cpu_threads=processes
    )
    run = TrainerRun.start(order, OMP_NUM_THREADS="1", OMP_WAIT_POLICY="PASSIVE", CUDA_VISIBLE_DEVICES="")
    marks = {message["type"]: time.perf_counter() for message in run.follow()}
    run.end()
    published = run.of(MessageType.PUBLISHED)
    assert published, run.log.read_text(encoding="utf-8")[-2000:]
    adapter = Path(published[0]["path"]) / "adapter_model.safetensors"
    wall_s = marks[MessageType.CHECKPOINT] - marks[MessageType.PLAN]
    return {
        "wall_s": wall_s,
        "tokens_per_s": published[0]["metrics"]["seen_tokens"] / wall_s,
        "memory_mb": published[0]["metrics"]["peak_memory_mb"],
        "losses": [message["metrics"]["loss"] for message in run.of(MessageType.STEP)],
        "sha256": hashlib.sha256(adapter.read_bytes()).hexdigest(),
    }


def _compared(found: Sequence[Sequence[Mapping[str, Any]]], free: Sequence[float]) -> dict[str, Any]:
    ratios = [one["wall_s"] / two["wall_s"] for one, two in found]
    losses = zip(found[0][0]["losses"], found[0][1]["losses"], strict=True)
    distance = max(abs(two / one - 1) for one, two in losses)
    is_repeated = len({two["sha256"] for _, two in found}) == 1
    return {
        "rounds": len(found),
        "free_cores": list(free),
        "one_process": _summary([one for one, _ in found]),
        "two_processes": _summary([two for _, two in found]),
        "ratio": {
            name: round(of(ratios), 2) for name, of in (("median", statistics.median), ("min", min), ("max", max))
        },
        "loss_distance": float(f"{distance:.1e}"),
        "is_repeated": is_repeated,
        "bounds": {"ratio": BOUND, "loss_distance": LOSS_BOUND},
        "holds": statistics.median(ratios) >= BOUND and distance <= LOSS_BOUND and is_repeated,
    }


def _summary(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "tokens_per_s": round(statistics.median(run["tokens_per_s"] for run in runs)),
        "peak_memory_mb": round(max(run["memory_mb"] for run in runs)),
        "steps": len(runs[0]["losses"]),
    }
