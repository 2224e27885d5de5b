"""The content of `report.json`: everything that is known of a run when its adapter is about to be published."""

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.common.version import VERSION
from backend.training.evaluation.completions import SampleCompletion
from backend.training.evaluation.config_table import config_rows
from backend.training.trainers.base import TrainingContext, TrainingOutcome
from shared.models.events import spread
from shared.utils.clock import iso_utc, utc_now

LONGEST_HISTORY = 2000
"""Rows of the training log in a report; the log itself lies beside it."""

_PEAKS = ("memory_mb", "gpu_memory_mb", "gpu_memory_used_mb")


def report_content(
    context: TrainingContext,
    outcome: TrainingOutcome,
    held_out: Mapping[str, Any],
    samples: Sequence[SampleCompletion],
    *,
    about: Mapping[str, Any],
) -> dict[str, Any]:
    """All of it, as JSON.

    Args:
        context: Of the attempt; its adapter folder holds what the trainer wrote.
        outcome: What the trainer handed over.
        held_out: Figures on held-out records; empty without any.
        samples: Completions of held-out prompts.
        about: What the order says: `adapter_id`, `trainer_type`, `history`.
    """
    run = json.loads((context.adapter_dir / "training_config.json").read_text(encoding="utf-8"))
    rows = _log(context.adapter_dir / "training_log.jsonl")
    is_quantised = bool(run["resolved"].get("quantization"))
    return {
        **about,
        "job_id": context.job_id,
        "job_name": context.job_name,
        "claim_epoch": context.claim_epoch,
        "made_at": iso_utc(utc_now()),
        "base_model": context.config.model.base_model,
        "dataset_id": context.data.dataset_id,
        "dataset_sha256": context.data.content_sha256,
        "steps": outcome.steps,
        "metrics": dict(outcome.metrics),
        "perplexity_base": held_out.get("base_perplexity"),
        "perplexity_adapter": held_out.get("adapter_perplexity"),
        "held_out": dict(held_out),
        "samples": [asdict(sample) for sample in samples],
        "loss_history": thinned_log(rows),
        "run": run,
        "settings": config_rows(context.config, also=("qlora",) if is_quantised else ()),
        "peaks": {name: max(found) for name in _PEAKS if (found := [row[name] for row in rows if row.get(name)])},
        "machine": _machine(run["versions"]),
    }


def thinned_log(rows: Sequence[Mapping[str, Any]], most: int = LONGEST_HISTORY) -> list[Mapping[str, Any]]:
    """At most about `most` rows of steps, evenly spread, and as many evaluations; the first and the last are kept."""
    kept: list[tuple[int, Mapping[str, Any]]] = []
    for is_evaluation in (False, True):
        of_kind = [(number, row) for number, row in enumerate(rows) if ("eval_loss" in row) is is_evaluation]
        kept += spread(of_kind, most)
    return [row for _, row in sorted(kept, key=lambda entry: entry[0])]


def _log(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _machine(libraries: Mapping[str, str]) -> dict[str, Any]:
    parts = [platform.system(), platform.machine(), f"{os.cpu_count()} cores"]
    # a process without torch has nothing on a GPU
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    versions = {"CLARA": VERSION, "Python": platform.python_version(), **libraries}
    return {"description": ", ".join(parts), "versions": versions}
