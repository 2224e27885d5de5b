"""Whenever a trainer is killed while it writes checkpoints, it goes on to the bytes of an undisturbed run.

Every kill is a SIGKILL to the process group of a real trainer process that saves after every step, at a random moment
between its first checkpoint and its end. With the probe every kill is followed by a run to the end, whose adapter is
compared; with the LoRA trainer (a tiny language model, torch) one run is killed again and again.
"""

import random
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.training.utils.checkpoint import newest_valid
from backend.training.workers.protocol import MessageType, TrainingOrder
from shared.storage import CorruptArtefact, read_manifest, sha256_file, verify_folder
from tests.support.tiny_model import make_tiny_model, sentences
from tests.support.trainer_driver import TrainerRun, lora_order, next_attempt, probe_order, run_to_the_end
from tests.support.training_runs import write_jsonl
from tests.trust.place import Place

SEED = 10
PROBE: Mapping[str, Any] = {"probe": {"steps": 24, "seconds_per_step": 0}, "training": {"logging_steps": 6}}
LORA: Mapping[str, Any] = {
    "lora": {"r": 4, "dropout": 0.1},
    "training": {
        "max_steps": 60,
        "num_epochs": 20,
        "batch_size": 2,
        "gradient_accumulation_steps": 1,
        "logging_steps": 10,
        "eval_steps": 7,
        "early_stopping_patience": None,
    },
}
# a step with its checkpoint takes about as long
LONGEST_WAIT_S = 0.03


@dataclass
class Counts:
    """What the kills led to."""

    kills: int = 0
    in_a_save: int = 0
    resumed: int = 0
    torn: int = 0
    acknowledged_lost: int = 0


def run(place: Place) -> Mapping[str, Any]:
    rng = random.Random(SEED)
    probe, equal = _kill_probes(place.folder / "probe", rng, kills=place.scaled(full=100, fast=8))
    holds = probe.kills == probe.resumed == equal and not (probe.torn or probe.acknowledged_lost)
    figures = {**_as_figures(probe), "equal_bytes": equal}
    if place.is_full:
        lora, is_equal = _kill_one_run(place.folder / "lora", rng, kills=10)
        holds = holds and lora.kills == lora.resumed and is_equal and not (lora.torn or lora.acknowledged_lost)
        figures["lora"] = {**_as_figures(lora), "equal_bytes": is_equal}
    return {**figures, "holds": holds}


def _as_figures(counts: Counts) -> dict[str, Any]:
    return {
        "kills": counts.kills,
        "kills_in_a_save": counts.in_a_save,
        "resumed": counts.resumed,
        "torn_checkpoints": counts.torn,
        "acknowledged_lost": counts.acknowledged_lost,
    }


def _kill_probes(root: Path, rng: random.Random, *, kills: int) -> tuple[Counts, int]:
    """As many runs, each killed once; returns the counts and how many ended with the expected bytes."""
    expected = _finished(probe_order(root, PROBE, name="calm"))
    counts, equal = Counts(), 0
    while counts.kills < kills:
        order = probe_order(root, PROBE, name="killed")
        if _killed(order, counts, rng, longest=PROBE["probe"]["steps"] - 1):
            order = next_attempt(order)
            equal += _finished(order, counts) == expected
        shutil.rmtree(order.job_dir)
        shutil.rmtree(Path(order.adapter_path).parent)
    return counts, equal


def _kill_one_run(root: Path, rng: random.Random, *, kills: int) -> tuple[Counts, bool]:
    """One LoRA run, killed as often; returns the counts and whether it ended with the expected bytes."""
    model = make_tiny_model(root / "model")
    train = write_jsonl(root / "train.jsonl", [{"text": text} for text in sentences(60)])
    expected = _finished(lora_order(root, model, train, LORA, name="calm"))
    counts = Counts()
    order = lora_order(root, model, train, LORA, name="killed")
    while counts.kills < kills:
        assert _killed(order, counts, rng, longest=5), "the run has ended before all its kills"
        order = next_attempt(order)
    return counts, _finished(order, counts) == expected


def _killed(order: TrainingOrder, counts: Counts, rng: random.Random, *, longest: int) -> bool:
    """Start a run and kill it while it saves; False if it was faster."""
    run = TrainerRun.start(order)
    for _ in range(rng.randint(1, longest)):
        run.until(MessageType.CHECKPOINT)
    time.sleep(rng.uniform(0, LONGEST_WAIT_S))
    run.kill()
    if run.of(MessageType.PUBLISHED):
        return False
    counts.kills += 1
    _count_resumption(run, counts)
    _inspect(order, run, counts)
    return True


def _finished(order: TrainingOrder, counts: Counts | None = None) -> str:
    """SHA-256 of the adapter of a run that is left alone."""
    run = run_to_the_end(order)
    assert run.of(MessageType.PUBLISHED), run.log.read_text(encoding="utf-8")
    if counts is not None:
        _count_resumption(run, counts)
    verify_folder(Path(order.adapter_path))
    return sha256_file(Path(order.adapter_path) / "adapter_model.safetensors")


def _count_resumption(run: TrainerRun, counts: Counts) -> None:
    plans = run.of(MessageType.PLAN)
    counts.resumed += bool(plans and plans[0]["start_step"] > 0)


def _inspect(order: TrainingOrder, run: TrainerRun, counts: Counts) -> None:
    """Look at what the kill left: half-written stages are fine, a visible checkpoint that is not whole is not."""
    folder = Path(order.job_dir) / "checkpoints"
    names = [path.name for path in folder.iterdir()]
    counts.in_a_save += any(name.startswith((".stage-", ".gone-")) for name in names)
    visible = [folder / name for name in names if name.startswith("step-")]
    whole = [path for path in visible if _is_whole(path)]
    counts.torn += len(visible) - len(whole)
    acknowledged = max((message["step"] for message in run.of(MessageType.CHECKPOINT)), default=0)
    identity = str(read_manifest(whole[0]).properties["identity"]) if whole else ""
    newest = newest_valid([folder], identity=identity).newest
    counts.acknowledged_lost += (newest.step if newest else 0) < acknowledged


def _is_whole(path: Path) -> bool:
    try:
        verify_folder(path)
    except CorruptArtefact:
        return False
    return True
