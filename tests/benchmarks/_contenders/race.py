"""Run contenders, each in a process of its own, and take their times."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from backend.training.workers.protocol import MessageType
from tests.benchmarks._contenders.task import Task
from tests.support.processes import cpu_seconds
from tests.support.trainer_driver import ROOT, TrainerRun, lora_order

Figures = Mapping[str, Any]

LONGEST_RUN_S = 3600
MICRO_BATCH = 4
"""Records per forward pass of ours, by default; the bare loop gets the same batches."""


class RunFailed(Exception):
    """A contender that did not come to its end; the message has the last lines of what it said."""


class Contender(Protocol):
    """Trains a task to its end."""

    def __call__(self, task: Task) -> Figures:
        """What the run says of itself, and `process_s` from the start of its process to its end.

        Raises:
            RunFailed: If it did not come to its end.
        """
        ...


@dataclass(frozen=True)
class Script:
    """A contender that is a module of this package.

    Args:
        python: Interpreter of its environment.
        module: Its name.
        options: Environment variables beside its task.
    """

    python: Path
    module: str
    options: Mapping[str, str]

    def __call__(self, task: Task) -> Figures:
        command = [str(self.python), "-m", f"tests.benchmarks._contenders.{self.module}", str(task.write())]
        environment = {**os.environ, **_surroundings(task), "PYTHONPATH": str(ROOT), **self.options}
        started = time.perf_counter()
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False
        )
        if ended.returncode:
            raise RunFailed(" ".join(ended.stderr.splitlines()[-3:])[-500:])
        figures: Figures = json.loads(task.answer.read_text(encoding="utf-8"))
        return {**figures, "process_s": time.perf_counter() - started}


def clara(task: Task) -> Figures:
    """Our trainer process on its order, timed by what it tells: from its plan to the checkpoint of the last step."""
    root = Path(task.folder)
    root.mkdir(parents=True)
    order = replace(
        lora_order(root, Path(task.model), Path(task.train), _config(task)),
        adapter_path=str(task.adapter),
        save_every_steps=1_000_000,
        cpu_threads=task.threads,
    )
    started = time.perf_counter()
    run = TrainerRun.start(order, **_surroundings(task))
    marks: dict[str, tuple[float, float]] = {}
    for message in run.follow():
        marks[message["type"]] = time.perf_counter(), cpu_seconds(run.process.pid)
    run.end()
    published = run.of(MessageType.PUBLISHED)
    if not published:
        raise RunFailed(f"{run.messages[-1:]} {run.log.read_text(encoding='utf-8')[-500:]}")
    (begin_s, begin_cpu_s), (end_s, end_cpu_s) = marks[MessageType.PLAN], marks[MessageType.CHECKPOINT]
    return {
        "wall_s": end_s - begin_s,
        "cpu_s": end_cpu_s - begin_cpu_s,
        "process_s": time.perf_counter() - started,
        "steps": published[0]["steps"],
        "trained_tokens": published[0]["metrics"]["seen_tokens"],
        "micro_batch": MICRO_BATCH,
    }


def _config(task: Task) -> dict[str, Any]:
    return {
        "lora": {"r": task.rank, "alpha": task.alpha, "dropout": 0},
        "data": {"validation_split": 0, "max_length": task.max_length},
        "training": {
            "num_epochs": task.epochs,
            "learning_rate": task.learning_rate,
            "warmup_ratio": 0,
            "min_warmup_steps": task.warmup_steps,
            "batch_size": MICRO_BATCH,
            "gradient_accumulation_steps": task.effective_batch // MICRO_BATCH,
            "seed": task.seed,
        },
    }


def _surroundings(task: Task) -> dict[str, str]:
    # threads that wait must not spin: two processes that do so would be measured, not the trainers
    threads = str(task.threads)
    return {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
