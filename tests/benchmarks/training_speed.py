"""Trained tokens per second of a LoRA run: ours beside a bare PyTorch loop, `trl.SFTTrainer` and LLaMA-Factory.

The same small random Llama (6.6 million parameters), the same real records of mixed length (English instructions,
German laws), the same rank, learning rate, schedule, effective batch, steps and seed, one thread each; all else stays
at each contender's defaults. Everyone trains in a process (where needed an environment) of its own, in turn, in rounds.
Tokens are trained ones, never padding or prompts. The time is that of the optimisation: from the first batch to the end
of the last step, ours with its reports and its checkpoint; imports, loading and tokenising are in `process_s` only. The
loss is measured afterwards, on records that nobody trained on, by one function for all.

Ratios are medians of the ratios of each round; `by_cpu_time` has the same by CPU time, which other processes disturb
less. TRL trains in bfloat16 by default, which a CPU without instructions for it emulates slowly; so `trl_float32`, its
defaults but for `bf16=False`, stands beside it. The bare loop gets the batches of ours.
"""

import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import _speed_task
from tests.benchmarks._contenders.environments import NotInstalled, python_of
from tests.benchmarks._contenders.held_out import held_out_loss
from tests.benchmarks._contenders.race import MICRO_BATCH, Contender, Figures, RunFailed, Script, clara
from tests.benchmarks._contenders.task import Task

ROUNDS = 3
RECORDS, HELD_OUT = 192, 96
BOUNDS = {"bare_loop": 0.95, "trl": 2.0, "trl_float32": 2.0, "llama_factory": 1.5}
LOSS_BOUND = 0.01
MAY_BE_ABSENT = {"llama_factory"}
SCRIPTS: Mapping[str, tuple[str | None, str, Mapping[str, str]]] = {
    # lock of the environment (None: ours), module, options
    "bare_loop": (None, "bare_loop", {"MICRO_BATCH": str(MICRO_BATCH)}),
    "trl_float32": ("bench", "trl_defaults", {"FLOAT32": "1"}),
    "trl": ("bench", "trl_defaults", {}),
    "llama_factory": ("llamafactory", "llama_factory", {}),
}


def measure() -> dict[str, Any]:
    if lacking := _speed_task.missing():
        return {"skipped": f"{', '.join(lacking)} not there; set CLARA_SHARED_DATA", "holds": True}
    contenders, absent = _contenders()
    found: dict[str, list[Figures]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        train, held_out = _speed_task.write_records(root, train=RECORDS, held_out=HELD_OUT)
        model = _speed_task.make_model(root / "model", [train, held_out])
        for number in range(ROUNDS):
            for name, contender in contenders.items():
                task = _task(model, train, root / f"{number}-{name}")
                try:
                    figures = contender(task)
                except RunFailed as failed:
                    absent[name] = str(failed)
                    continue
                found[name].append({**figures, "loss": held_out_loss(model, held_out, root / "tokens", task.adapter)})
        base_loss = held_out_loss(model, held_out, root / "tokens")
    return _compared({name: runs for name, runs in found.items() if len(runs) == ROUNDS}, absent, base_loss)


def _contenders() -> tuple[dict[str, Contender], dict[str, str]]:
    ready: dict[str, Contender] = {"clara": clara}
    absent: dict[str, str] = {}
    for name, (lock, module, options) in SCRIPTS.items():
        try:
            python = Path(sys.executable) if lock is None else python_of(lock)
        except NotInstalled as reason:
            absent[name] = str(reason)
        else:
            ready[name] = Script(python, module, options)
    return ready, absent


def _task(model: Path, train: Path, folder: Path) -> Task:
    return Task(
        model=str(model),
        train=str(train),
        folder=str(folder),
        max_length=_speed_task.MAX_LENGTH,
        effective_batch=16,
        epochs=1,
        rank=32,
        alpha=32,
        learning_rate=1e-3,
        warmup_steps=3,
        seed=42,
        threads=1,
    )


def _compared(found: Mapping[str, Sequence[Figures]], absent: Mapping[str, str], base_loss: float) -> dict[str, Any]:
    ours = found["clara"]
    others = [name for name in found if name != "clara"]
    ratios = {name: _ratio(ours, found[name], "wall_s") for name in others}
    by_cpu_time = {name: _ratio(ours, found[name], "cpu_s") for name in others}
    distances = {name: abs(found[name][0]["loss"] / ours[0]["loss"] - 1) for name in others}
    is_same_work = len({(runs[0]["steps"], runs[0]["trained_tokens"]) for runs in found.values()}) == 1
    return {
        "rounds": ROUNDS,
        "records": RECORDS,
        "held_out_loss_of_base": round(base_loss, 4),
        **{name: _summary(runs) for name, runs in found.items()},
        "ratios": ratios,
        "by_cpu_time": by_cpu_time,
        "loss_distance": {name: round(distance, 4) for name, distance in distances.items()},
        "absent": dict(absent),
        "bounds": {**BOUNDS, "loss_distance": LOSS_BOUND},
        "holds": is_same_work
        and set(absent) <= MAY_BE_ABSENT
        and all(ratios[name]["median"] >= BOUNDS[name] and distances[name] <= LOSS_BOUND for name in others),
    }


def _ratio(ours: Sequence[Figures], theirs: Sequence[Figures], time: str) -> dict[str, float]:
    """Speed of ours over theirs, round by round: the tokens are the same, so the times decide."""
    ratios = [their[time] / our[time] for our, their in zip(ours, theirs, strict=True)]
    return {
        "median": round(statistics.median(ratios), 2),
        "min": round(min(ratios), 2),
        "max": round(max(ratios), 2),
    }


def _summary(runs: Sequence[Figures]) -> dict[str, Any]:
    speeds = [run["trained_tokens"] / run["wall_s"] for run in runs]
    taken = ("wall_s", "cpu_s", "process_s", "loss")
    return {
        "tokens_per_s": round(statistics.median(speeds)),
        "tokens_per_s_min": round(min(speeds)),
        "tokens_per_s_max": round(max(speeds)),
        "process_s": round(statistics.median(run["process_s"] for run in runs), 1),
        "held_out_loss": round(runs[0]["loss"], 4),
        **{name: value for name, value in runs[0].items() if name not in taken},
    }
