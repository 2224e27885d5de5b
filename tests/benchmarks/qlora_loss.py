"""Held-out loss of QLoRA beside LoRA: same base model, records, steps and seed; bound: 2 %.

The base is a Llama of 6.6 million parameters that was pretrained for a while on other records of the same sources, so
that its weights are worth something and quantising them can do harm. Each run is a trainer process, as the service
starts it, and its loss that of its own last evaluation: QLoRA is measured on the quantised base on which it was
trained. `base_loss` is that of the base before the first step. Weights of 4 bits are nf4 with doubly quantised scales.
"""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backend.training.workers.protocol import MessageType
from tests.benchmarks import _speed_task
from tests.support.trainer_driver import lora_order, run_to_the_end

RECORDS, HELD_OUT = 96, 96
EPOCHS = 3
PRETRAINING_STEPS = 400
BOUND = 0.02
RUNS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "lora": ("lora", {}),
    "qlora_4_bits": ("qlora", {"bits": 4}),
    "qlora_8_bits": ("qlora", {"bits": 8}),
}


def measure() -> dict[str, Any]:
    if lacking := _speed_task.missing():
        return {"skipped": f"{', '.join(lacking)} not there; set CLARA_SHARED_DATA", "holds": True}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        train, held_out = _speed_task.write_records(root, train=RECORDS, held_out=HELD_OUT)
        texts = list(_other_texts(train, held_out))
        model = _speed_task.make_model(root / "model", [train, held_out], pretrained_on=texts, steps=PRETRAINING_STEPS)
        found = {name: _trained(root, model, train, held_out, name) for name in RUNS}
    distances = {
        name: round(figures["eval_loss"] / found["lora"]["eval_loss"] - 1, 4)
        for name, figures in found.items()
        if name != "lora"
    }
    return {
        **found,
        "loss_distance": distances,
        "bounds": {"loss_distance": BOUND},
        "holds": all(abs(distance) <= BOUND for distance in distances.values()),
    }


def _other_texts(*used: Path) -> Iterator[str]:
    """What is neither trained on nor held out, of both sources in turn."""
    seen = {record["completion"] for file in used for record in _speed_task.read_records(file)}
    for records in zip(_speed_task.instructions(), _speed_task.sections(), strict=False):
        yield from (record["completion"] for record in records if record["completion"] not in seen)


def _trained(root: Path, model: Path, train: Path, held_out: Path, name: str) -> dict[str, float]:
    trainer_type, section = RUNS[name]
    config = {
        "data": {"max_length": _speed_task.MAX_LENGTH},
        "training": {"num_epochs": EPOCHS, "learning_rate": 1e-3, "early_stopping_patience": None},
        **({"qlora": dict(section)} if section else {}),
    }
    order = replace(
        lora_order(root, model, train, config, name=name),
        trainer_type=trainer_type,
        validation_path=str(held_out),
        save_every_steps=1_000_000,
    )
    run = run_to_the_end(order, OMP_WAIT_POLICY="PASSIVE", CUDA_VISIBLE_DEVICES="")
    published = run.of(MessageType.PUBLISHED)
    assert published, run.log.read_text(encoding="utf-8")[-2000:]
    metrics = published[0]["metrics"]
    return {
        "base_loss": round(metrics["eval_loss_base"], 4),
        "eval_loss": round(metrics["eval_loss_last"], 4),
        "steps": metrics["steps"],
        "tokens_per_s": round(metrics["trained_tokens_per_s"]),
        "peak_memory_mb": round(metrics["peak_memory_mb"]),
    }
