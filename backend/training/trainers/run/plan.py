"""The plan of a run as pure functions of config, data and step: nothing here has to be saved to be found again."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.training.formats.chat_templates import template_sha256
from backend.training.trainers.base import TrainingContext
from backend.training.trainers.run.optimizer import Schedule, schedule_for
from backend.training.training_config import TrainingSection
from backend.training.utils.batching import epoch_order

_EVALUATIONS_PER_RUN = 10
# they change where things lie and when something is told or goes wrong, never the course of the run
_WITHOUT_EFFECT: Mapping[str, tuple[str, ...]] = {
    "model": ("base_model", "chat_template"),  # their digests say which ones they are, wherever they lie
    "training": ("output_dir", "cpu_threads", "save_steps", "save_total_limit", "logging_steps"),
    "probe": (
        "seconds_per_step",
        "crash_at",
        "crash_how",
        "exit_code",
        "hang_at",
        "error_at",
        "error_how",
        "allocate_at",
        "allocate_mb",
        "on_attempts",
    ),
}


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Steps, epochs and what is due when.

    Args:
        lengths: Tokens of each training record, shape (n,).
        eval_steps: Optimizer steps between evaluations.
        save_steps: Optimizer steps between checkpoints.
    """

    lengths: np.typing.NDArray[np.int64]
    batch_size: int
    accumulation: int
    seed: int
    steps_per_epoch: int
    total_steps: int
    eval_steps: int
    save_steps: int
    logging_steps: int
    schedule: Schedule

    @property
    def total_epochs(self) -> int:
        """Epochs begun."""
        return math.ceil(self.total_steps / self.steps_per_epoch)

    def epoch_of(self, step: int) -> int:
        """Number of the epoch, from 1, that step `step` (from 1) belongs to; 0 before the first step."""
        return math.ceil(step / self.steps_per_epoch)

    def order(self, epoch: int) -> list[list[int]]:
        """Record numbers of all batches of an epoch, counted from 0."""
        return epoch_order(self.lengths, batch_size=self.batch_size, seed=self.seed, epoch=epoch)

    def is_log_due(self, step: int) -> bool:
        """Whether figures of this step are told: the first, the last, every `logging_steps`."""
        return step % self.logging_steps == 0 or step in (1, self.total_steps)

    def is_evaluation_due(self, step: int) -> bool:
        """Whether the validation records are looked at after this step; step 0 is the base model."""
        return step % self.eval_steps == 0 or step == self.total_steps


def plan_run(context: TrainingContext, lengths: np.typing.NDArray[np.int64], *, peak_rate: float) -> RunPlan:
    """The plan for records of these lengths."""
    training = context.config.training
    steps_per_epoch, total_steps = step_counts(training, records=len(lengths))
    return RunPlan(
        lengths=lengths,
        batch_size=training.batch_size,
        accumulation=training.gradient_accumulation_steps,
        seed=training.seed,
        steps_per_epoch=steps_per_epoch,
        total_steps=total_steps,
        eval_steps=evaluation_distance(training, total_steps=total_steps),
        save_steps=training.save_steps or context.save_every_steps,
        logging_steps=training.logging_steps,
        schedule=schedule_for(training, total_steps=total_steps, peak=peak_rate),
    )


def step_counts(training: TrainingSection, *, records: int) -> tuple[int, int]:
    """Optimizer steps of an epoch, and of the whole run."""
    batches = math.ceil(records / training.batch_size)
    per_epoch = math.ceil(batches / training.gradient_accumulation_steps)
    planned = per_epoch * training.num_epochs
    return per_epoch, min(planned, training.max_steps or planned)


def evaluation_distance(training: TrainingSection, *, total_steps: int) -> int:
    """Optimizer steps between evaluations."""
    return training.eval_steps or math.ceil(total_steps / _EVALUATIONS_PER_RUN)


def run_identity(context: TrainingContext, base_digest: str) -> str:
    """Hash of all that decides the course of a run; a checkpoint of another run is never gone on from."""
    # without defaults: a parameter that a later version adds must not part a run from its checkpoints
    config: dict[str, Any] = context.config.model_dump(mode="json", exclude_defaults=True)
    for section, names in _WITHOUT_EFFECT.items():
        for name in names:
            config.get(section, {}).pop(name, None)
    config = {section: values for section, values in config.items() if values}
    facts = {
        "config": config,
        "data": context.data.content_sha256,
        "has_validation_file": context.data.validation is not None,
        "base_model": base_digest,
    }
    if context.chat_template is not None:
        facts["chat_template"] = template_sha256(context.chat_template)
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
