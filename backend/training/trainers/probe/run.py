"""One attempt of a probe: steps on a linear map, checkpoints on the way, an adapter in the end."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from backend.training.trainers.base import Reporter, StopReason, TrainingContext, TrainingOutcome, TrainingStopped
from backend.training.trainers.probe.linear_map import BATCH_SIZE, RECORDS, LinearTask, LowRankUpdate
from backend.training.trainers.probe.misbehaviour import Misbehaviour
from backend.training.trainers.run.adapter_files import describe_run, write_adapter
from backend.training.trainers.run.checkpoints import RunCheckpoints
from backend.training.trainers.run.figures import StepFigures
from backend.training.trainers.run.optimizer import peak_rate, schedule_for
from backend.training.trainers.run.plan import RunPlan, run_identity
from backend.training.trainers.run.stopping import go_on_unless_cancelled
from backend.training.trainers.run.watchdogs import check_figures
from backend.training.utils.checkpoint import CheckpointContent
from backend.training.utils.determinism import seed_without_torch
from backend.training.utils.metrics import json_safe
from backend.training.utils.tensor_files import read_arrays
from shared.storage import disk_errors

BASE_NAME = "probe"
_LIBRARIES = ("numpy", "safetensors")
_FACTS: Mapping[str, Any] = {
    "records": RECORDS,
    "validation_records": 0,
    "record_shape": "vectors",
    "trained_tokens": 0,
    "truncated_records": 0,
}
_LOOK_S = 0.05
_README = """\
# Adapter of a probe

Made by job `{job_id}` to see whether this installation works. It updates a small random linear map and knows nothing of
any language; it can be deleted.
"""


@dataclass(slots=True)
class _Progress:
    """Position and figures of a run; saved with every checkpoint."""

    step: int = 0
    elapsed_s: float = 0.0
    train_loss: float | None = None


class ProbeRun:
    """One attempt: begins at the newest valid checkpoint."""

    def __init__(self, context: TrainingContext, reporter: Reporter) -> None:
        config = context.config
        seed_without_torch(config.training.seed)
        self._context = context
        self._reporter = reporter
        self._misbehaviour = Misbehaviour(config.probe, context.claim_epoch)
        self.task = LinearTask.make(width=config.probe.width, seed=config.training.seed)
        self._update = LowRankUpdate.fresh(
            width=config.probe.width, rank=config.lora.r, scale=config.lora.alpha / config.lora.r
        )
        self.plan = _plan(context)
        self._checkpoints = RunCheckpoints(context, reporter, run_identity(context, self.task.digest))
        self.progress = _Progress()
        self._figures = StepFigures(self.plan, reporter)
        self._resumed_from = self._resume()

    def to_the_end(self) -> None:
        """Walk all steps; publishes a checkpoint where one is due and after the last one."""
        self._reporter.plan(
            total_steps=self.plan.total_steps,
            total_epochs=self.plan.total_epochs,
            start_step=self._resumed_from,
            facts=_FACTS,
        )
        while self.progress.step < self.plan.total_steps:
            started = time.monotonic()
            self._misbehaviour.before(self.progress.step + 1)
            self._take_time(started)
            go_on_unless_cancelled(self._reporter)
            self._step(started)
            if self.progress.step % self.plan.save_steps == 0:
                self._save()
            self._follow_stop()
        self._save()

    def outcome(self) -> TrainingOutcome:
        """Of a run that went to the end."""
        return TrainingOutcome(
            steps=self.progress.step,
            epochs=self.plan.epoch_of(self.progress.step),
            metrics=json_safe({**_FACTS, **self.metrics()}),
            base_model_digest=self.task.digest,
        )

    def metrics(self) -> dict[str, Any]:
        """Final figures."""
        return {
            "steps": self.progress.step,
            "total_steps": self.plan.total_steps,
            "stopped_early": False,
            "resumed_from_step": self._resumed_from,
            "published_step": self.progress.step,
            "train_loss": self.progress.train_loss,
            "elapsed_s": self.progress.elapsed_s,
        }

    def write_adapter(self) -> None:
        """Fill the adapter folder."""
        config = self._context.config
        write_adapter(
            self._context.adapter_dir,
            weights=self._update.factors,
            config={
                "peft_type": "LORA",
                "base_model_name_or_path": BASE_NAME,
                "r": config.lora.r,
                "lora_alpha": config.lora.alpha,
                "lora_dropout": 0.0,
                "target_modules": ["linear"],
                "bias": "none",
                "inference_mode": True,
            },
            log=self._figures.log,
            description=describe_run(
                self._context,
                resolved={"max_length": None, "total_steps": self.plan.total_steps},
                base_model={"reference": BASE_NAME, "folder": BASE_NAME, "digest": self.task.digest},
                facts=_FACTS,
                metrics=self.metrics(),
                libraries=_LIBRARIES,
            ),
        )
        with disk_errors(self._context.adapter_dir):
            readme = _README.format(job_id=self._context.job_id)
            (self._context.adapter_dir / "README.md").write_text(readme, encoding="utf-8", newline="\n")

    def _step(self, started: float) -> None:
        position = self.progress.step
        epoch, batch = divmod(position, self.plan.steps_per_epoch)
        rate = self.plan.schedule.rate(position)
        indices = self.plan.order(epoch)[batch]
        loss, norm = self._update.step(self.task, indices, rate=rate, number=position + 1)
        check_figures(position + 1, loss=loss, grad_norm=norm)
        self._figures.add(loss=loss, trained=1, tokens=len(indices))
        self.progress = _Progress(
            step=position + 1,
            elapsed_s=self.progress.elapsed_s + time.monotonic() - started,
            train_loss=self._figures.running_loss,
        )
        figures = {"loss": loss, "learning_rate": rate, "grad_norm": norm, "elapsed_s": self.progress.elapsed_s}
        self._figures.tell(self.progress.step, figures)

    def _take_time(self, started: float) -> None:
        """Wait until the step has lasted as long as it shall; any stop request ends the waiting."""
        end = started + self._context.config.probe.seconds_per_step
        while (left_s := end - time.monotonic()) > 0 and self._reporter.stop_requested() is None:
            time.sleep(min(left_s, _LOOK_S))
            self._reporter.alive()

    def _save(self) -> None:
        step = self.progress.step
        if self._checkpoints.has(step):
            return
        content = CheckpointContent(
            step=step,
            weights=self._update.factors,
            best_weights=None,
            optimizer=self._update.moments,
            state={"progress": asdict(self.progress), "schedule": asdict(self.plan.schedule)},
            log=self._figures.log,
        )
        self._checkpoints.save(content, loss=self.progress.train_loss)

    def _resume(self) -> int:
        shapes = {name: factor.shape for name, factor in self._update.factors.items()}
        content = self._checkpoints.load_newest(read_arrays, shapes)
        if content is None:
            return 0
        self._update.factors, self._update.moments = dict(content.weights), dict(content.optimizer)
        self.progress = _Progress(**content.state["progress"])
        self._figures.restore(content.log)
        return content.step

    def _follow_stop(self) -> None:
        reason = self._reporter.stop_requested()
        if reason is None:
            return
        if reason is not StopReason.CANCEL:
            self._save()
        raise TrainingStopped(reason)


def _plan(context: TrainingContext) -> RunPlan:
    training = context.config.training
    steps = context.config.probe.steps
    return RunPlan(
        lengths=np.ones(RECORDS, dtype=np.int64),
        batch_size=BATCH_SIZE,
        accumulation=1,
        seed=training.seed,
        steps_per_epoch=RECORDS // BATCH_SIZE,
        total_steps=steps,
        eval_steps=steps,
        save_steps=training.save_steps or context.save_every_steps,
        logging_steps=training.logging_steps,
        schedule=schedule_for(training, total_steps=steps, peak=peak_rate(training)),
    )
