"""The real warm parent: what it forks is what a cold start gives, byte for byte, only sooner."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.training.folders import TrainingFolders
from backend.training.training_config import TrainingConfig
from backend.training.workers.inspection.inspections import RecordInspections
from backend.training.workers.protocol import MessageType, TrainingOrder
from backend.training.workers.trainer_process import start_trainer
from backend.training.workers.warm.warm_trainer import COMMAND, WarmStatus, WarmTrainer
from shared.database.stores import memory_stores
from tests.support.input_resolvers import input_resolver
from tests.support.processes import is_alive
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.trainer_driver import lora_order
from tests.support.training_runs import write_jsonl
from tests.support.warm_parents import forked, heard, reached, until, warm_trainer

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only"),
    pytest.mark.slow,
]

CONFIG = {
    "model": {"base_model": "tiny"},
    "data": {"train_file": "t.jsonl", "max_length": 64},
    "training": {"max_steps": 4, "logging_steps": 1, "batch_size": 2},
}
NEVER = (sys.executable, "-c", "raise SystemExit('this was to be a fork')")


@pytest.fixture
def folders(tmp_path: Path) -> TrainingFolders:
    make_tiny_model(tmp_path / "models" / "tiny")
    (tmp_path / "data").mkdir()
    write_jsonl(tmp_path / "data" / "t.jsonl", [{"text": text} for text in sentences(20)])
    return TrainingFolders(
        data=tmp_path / "data",
        models=tmp_path / "models",
        configs=tmp_path / "configs",
        logs=tmp_path / "logs",
        base_model_roots=(tmp_path / "models",),
    )


def order_of(tmp_path: Path, name: str) -> TrainingOrder:
    return lora_order(tmp_path / name, tmp_path / "models" / "tiny", tmp_path / "data" / "t.jsonl", CONFIG)


async def report_of(folders: TrainingFolders, warm: WarmTrainer | None) -> Mapping[str, Any]:
    """What an inspection finds, but for what depends on the moment."""
    desk = RecordInspections(
        input_resolver(memory_stores(), folders, default_model="tiny"),
        folders,
        cpu_threads=1,
        token_cache_mb=0,
        silence_s=60.0,
        retry_s=0.01,
        on_done=lambda: None,
        warm=warm,
        **({} if warm is None else {"command": NEVER}),
    )
    report = await desk.inspect("lora", TrainingConfig.parse(CONFIG))
    return {**report, "estimate": {**report["estimate"], "seconds": None}}


def weights(order: TrainingOrder) -> bytes:
    return (Path(order.adapter_path) / "adapter_model.safetensors").read_bytes()


def start_times(said: list[dict[str, Any]]) -> Mapping[str, float]:
    times: Mapping[str, float] = next(m["facts"]["start_s"] for m in said if m["type"] == MessageType.PLAN)
    return times


def test_runs_and_inspections_are_the_same_warm_and_cold(tmp_path: Path, folders: TrainingFolders) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=COMMAND) as it:
            await reached(it, WarmStatus.READY)
            first, second, cold = (order_of(tmp_path, name) for name in ("first", "second", "cold"))
            said = await heard(await forked(it, first, tmp_path / "warm.log"))
            assert said[-1]["type"] == MessageType.PUBLISHED, (tmp_path / "warm.log").read_text()
            await heard(await forked(it, second, tmp_path / "warm.log"))
            expected = await heard(await start_trainer(cold, log=tmp_path / "cold.log"))
            assert weights(first) == weights(second) == weights(cold)
            assert said[-1]["metrics"]["eval_loss"] == expected[-1]["metrics"]["eval_loss"]
            assert start_times(said)["imports"] < start_times(expected)["imports"] / 4
            assert (tmp_path / "logs" / "warm_parent.log").read_text() == ""
            assert await report_of(folders, it) == await report_of(folders, None)

    asyncio.run(scenario())


def test_a_run_of_a_killed_parent_goes_on_to_its_adapter(tmp_path: Path, folders: TrainingFolders) -> None:
    async def scenario() -> None:
        async with warm_trainer(tmp_path, command=COMMAND) as it:
            await reached(it, WarmStatus.READY)
            order = order_of(tmp_path, "a")
            child = await forked(it, order, tmp_path / "log")
            messages = child.messages()
            await anext(messages)
            parent = it.parent_pid
            assert parent is not None
            os.kill(parent, signal.SIGKILL)
            await until(lambda: not is_alive(parent))
            assert [message async for message in messages][-1]["type"] == MessageType.PUBLISHED
            await child.end(grace_s=10)
            child.close()
            assert weights(order)

    asyncio.run(scenario())
