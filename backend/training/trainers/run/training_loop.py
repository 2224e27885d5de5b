"""The loop of optimizer steps: the same bytes whether it runs through or is killed and goes on from a checkpoint.

Everything that decides the next step is either a pure function of (config, data, step) or part of the checkpoint:
the order of batches and the learning rate are the former; weights, moments, random generators and counters the latter.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from backend.training.trainers.base import Reporter, StopReason, TrainingContext, TrainingStopped
from backend.training.trainers.run.checkpoints import RunCheckpoints
from backend.training.trainers.run.figures import StepFigures
from backend.training.trainers.run.objectives.base import Evaluation, Objective, Portion
from backend.training.trainers.run.optimizer import make_optimizer, optimizer_tensors, restore_optimizer, set_rate
from backend.training.trainers.run.plan import RunPlan
from backend.training.trainers.run.stopping import agreed_stop, go_on_unless_cancelled
from backend.training.trainers.run.watchdogs import LossNotFinite, RunDiverged, Watchdog
from backend.training.utils.batching import dealt_evenly
from backend.training.utils.checkpoint import CheckpointContent
from backend.training.utils.determinism import seed_rank
from backend.training.utils.metrics import perplexity
from backend.training.utils.random_state import random_as_text, restore_from_text
from backend.training.utils.tensor_files import read_tensors

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Progress:
    """Counters of a run; saved with every checkpoint.

    Args:
        step: Optimizer steps done.
        seen_tokens: Trained tokens gone through, repetitions counted.
        elapsed_s: Training time over all attempts.
        evaluated_step: Step of the last evaluation, -1 before the first.
        first_eval_loss: Before the first step: what the base model does.
        best_eval_loss: Lowest so far, after at least one step.
        evaluations_without_gain: In a row; early stopping counts them.
    """

    step: int = 0
    seen_tokens: int = 0
    elapsed_s: float = 0.0
    evaluated_step: int = -1
    first_eval_loss: float | None = None
    last_eval_loss: float | None = None
    best_eval_loss: float | None = None
    best_step: int = 0
    evaluations_without_gain: int = 0
    train_loss: float | None = None


@dataclass(frozen=True, slots=True)
class LoopResult:
    """What the loop hands over; the model holds the weights of `best_step`."""

    progress: Progress
    total_steps: int
    epochs: int
    stopped_early: bool
    resumed_from: int
    peak_rate: float
    log: list[dict[str, Any]] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        """Final figures; with a validation split they are those of the best step, whose weights are published."""
        progress = self.progress
        figures: dict[str, Any] = {
            "steps": progress.step,
            "total_steps": self.total_steps,
            "stopped_early": self.stopped_early,
            "resumed_from_step": self.resumed_from,
            "published_step": progress.best_step,
            "train_loss": progress.train_loss,
            "seen_tokens": progress.seen_tokens,
            "elapsed_s": progress.elapsed_s,
            "trained_tokens_per_s": progress.seen_tokens / progress.elapsed_s if progress.elapsed_s else 0.0,
        }
        if progress.best_eval_loss is not None:
            figures |= {
                "eval_loss": progress.best_eval_loss,
                "eval_loss_last": progress.last_eval_loss,
                "eval_loss_base": progress.first_eval_loss,
                "eval_perplexity": perplexity(progress.best_eval_loss),
            }
        return figures


class TrainingLoop:
    """Walks the steps of one run.

    Args:
        model: With trainable parameters, on its device.
        objective: What is learnt, and how its loss is made.
        plan: Steps and what is due when.
        facts: Counts of the records, told with the plan, as is where the time of the start went.
        context: Of the attempt.
        reporter: Told of everything, asked for stops at every step.
        identity: Of the run; checkpoints of another one are never gone on from.
        optimizer: As `resolve_optimizer` says.
    """

    def __init__(
        self,
        model: "torch.nn.Module",
        objective: Objective,
        plan: RunPlan,
        context: TrainingContext,
        reporter: Reporter,
        *,
        identity: str,
        facts: Mapping[str, Any],
        optimizer: str = "adamw",
    ) -> None:
        self._model = model
        self._objective = objective
        self._plan = plan
        self._facts = facts
        self._training = context.config.training
        self._laps = context.laps
        self._ranks = context.ranks
        self._reporter = reporter
        self._device = next(model.parameters()).device
        self._parameters = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._optimizer = make_optimizer(self._parameters, self._training, kind=optimizer)
        self._checkpoints = RunCheckpoints(context, reporter, identity)
        self._progress = Progress()
        self._best_weights: dict[str, torch.Tensor] | None = None
        self._figures = StepFigures(self._plan, reporter, self._ranks)
        self._watchdog = Watchdog(self._training)
        self._epoch_order: tuple[int, list[list[int]]] = (-1, [])

    def run(self) -> LoopResult:
        """Train to the end (or to the early stop) and leave the best weights in the model.

        Raises:
            TrainingStopped: After a stop request; a hand-back has published a checkpoint.
            RunDiverged: If the figures say that the weights are of no use any more, naming the last checkpoint.
        """
        self._objective.prepare(self._model)
        seed_rank(self._training.seed, self._ranks.rank)
        resumed_from = self._resume()
        self._ranks.check_same(resumed_from, self._parameters)
        self._laps.lap("adapter")
        self._reporter.plan(
            total_steps=self._plan.total_steps,
            total_epochs=self._plan.total_epochs,
            start_step=resumed_from,
            facts={**self._facts, "start_s": self._laps.seconds},
        )
        self._model.train()
        try:
            self._walk()
        except RunDiverged as diverged:
            raise diverged.with_checkpoint(self._checkpoints.newest) from None
        self._save()
        self._use_best_weights()
        return LoopResult(
            progress=self._progress,
            total_steps=self._plan.total_steps,
            epochs=self._plan.epoch_of(self._progress.step),
            stopped_early=self._progress.step < self._plan.total_steps,
            resumed_from=resumed_from,
            peak_rate=self._plan.schedule.peak,
            log=self._figures.log,
        )

    # one step

    def _walk(self) -> None:
        self._evaluate_if_due()
        while self._progress.step < self._plan.total_steps and not self._is_patience_spent():
            self._optimizer_step()
            self._evaluate_if_due()
            self._save_if_due()
            self._follow_stop()

    def _optimizer_step(self) -> None:
        import torch

        step, started = self._progress.step, time.monotonic()
        portions = [self._objective.portion(indices, self._device) for indices in self._micro_batches(step)]
        weight, trained, tokens = self._sizes(portions)
        sums = self._accumulate(portions, weight)
        self._ranks.add_gradients(self._parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(list(self._parameters.values()), self._training.max_grad_norm)
        seen = self._read(sums, weight, norm)
        self._watchdog.look(step + 1, loss=seen["loss"], grad_norm=seen["grad_norm"])
        rate = self._plan.schedule.rate(step)
        set_rate(self._optimizer, rate)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._figures.add(loss=seen["loss"], trained=trained, tokens=tokens)
        self._progress.step += 1
        self._progress.seen_tokens += trained
        self._progress.elapsed_s += time.monotonic() - started
        self._progress.train_loss = self._figures.running_loss
        figures = {
            **seen,
            "learning_rate": rate,
            "trained_tokens": self._progress.seen_tokens,
            "elapsed_s": self._progress.elapsed_s,
        }
        self._figures.tell(self._progress.step, figures)

    def _sizes(self, portions: list[Portion]) -> tuple[int, int, int]:
        """Weight, trained tokens and all tokens of the whole effective batch, also of what other ranks have of it."""
        own = [[one.weight, one.batch.trained_tokens, one.batch.tokens] for one in portions]
        weight, trained, tokens = self._ranks.sum([sum(sizes) for sizes in zip([0, 0, 0], *own, strict=True)])
        return int(weight), int(trained), int(tokens)

    def _accumulate(self, portions: list[Portion], weight: int) -> "dict[str, torch.Tensor]":
        """Gradients of this rank's part of the mean over the effective batch; sums of the objective's figures."""
        import torch

        zero = torch.zeros((), dtype=torch.float64, device=self._device)
        sums = dict.fromkeys(("loss", *self._objective.figures), zero)
        for portion in portions:
            go_on_unless_cancelled(self._reporter)
            found = self._objective.loss(self._model, portion)
            (found.total / weight).backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
            for name, value in {"loss": found.total.detach(), **found.sums}.items():
                sums[name] = sums[name] + value.double()
        return sums

    def _read(self, sums: "Mapping[str, torch.Tensor]", weight: int, norm: "torch.Tensor") -> dict[str, float]:
        """Figures as numbers, all at once: the one moment of a step in which the host waits for a GPU."""
        import torch

        *own, grad_norm = torch.stack([one.double() for one in (*sums.values(), norm)]).tolist()
        totals = self._ranks.sum(own).tolist()
        return {name: total / weight for name, total in zip(sums, totals, strict=True)} | {"grad_norm": grad_norm}

    def _micro_batches(self, step: int) -> list[list[int]]:
        """Of this rank."""
        epoch, position = divmod(step, self._plan.steps_per_epoch)
        if self._epoch_order[0] != epoch:
            self._epoch_order = (epoch, self._plan.order(epoch))
        start = position * self._plan.accumulation
        batches = self._epoch_order[1][start : start + self._plan.accumulation]
        return dealt_evenly(batches, self._plan.lengths, shares=self._ranks.count)[self._ranks.rank]

    # evaluation and early stopping

    def _evaluate_if_due(self) -> None:
        step = self._progress.step
        # after a restart the evaluation of this very step may be done already, or still be owed
        is_due = self._objective.validation_share > 0 and self._plan.is_evaluation_due(step)
        if not is_due or self._progress.evaluated_step == step:
            return
        self._note_evaluation(self._objective.evaluate(self._model, on_batch=self._go_on_evaluating))

    def _go_on_evaluating(self) -> None:
        self._reporter.alive()
        self._follow_stop()

    def _note_evaluation(self, found: Evaluation) -> None:
        progress = self._progress
        progress.evaluated_step = progress.step
        progress.last_eval_loss = found.loss
        if not math.isfinite(found.loss):
            raise LossNotFinite(progress.step, "validation loss")
        if progress.step == 0:
            progress.first_eval_loss = found.loss
        elif progress.best_eval_loss is None or found.loss < progress.best_eval_loss:
            progress.best_eval_loss, progress.best_step = found.loss, progress.step
            progress.evaluations_without_gain = 0
            self._best_weights = self._copy_of_weights()
        else:
            progress.evaluations_without_gain += 1
        self._figures.tell_evaluation(progress.step, found.figures)

    def _is_patience_spent(self) -> bool:
        patience = self._training.early_stopping_patience
        return patience is not None and self._progress.evaluations_without_gain >= patience

    def _copy_of_weights(self) -> "dict[str, torch.Tensor]":
        return {name: parameter.detach().clone() for name, parameter in self._parameters.items()}

    def _use_best_weights(self) -> None:
        import torch

        if self._best_weights is None:  # nothing was held out: the last weights are all there is
            self._progress.best_step = self._progress.step
            return
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(self._best_weights[name])

    # checkpoints

    def _save_if_due(self) -> None:
        if self._progress.step % self._plan.save_steps == 0 and not self._watchdog.is_suspicious:
            self._save()

    def _save(self) -> None:
        """Publish this step unless this claim has done so already."""
        if self._progress.step == 0 or self._checkpoints.has(self._progress.step):
            return
        self._ranks.check_same(self._progress.step, self._parameters)
        content = CheckpointContent(
            step=self._progress.step,
            weights=self._copy_of_weights(),
            best_weights=self._best_weights,
            optimizer=optimizer_tensors(self._optimizer, self._parameters),
            state={
                "progress": asdict(self._progress),
                "schedule": asdict(self._plan.schedule),
                "watchdog": self._watchdog.state(),
                **({"random_of_ranks": self._ranks.gathered(random_as_text())} if self._ranks.count > 1 else {}),
            },
            log=self._figures.log,
        )
        self._checkpoints.save(content, loss=self._progress.train_loss)

    def _resume(self) -> int:
        shapes = {name: parameter.shape for name, parameter in self._parameters.items()}
        content = self._checkpoints.load_newest(read_tensors, shapes)
        if content is None:
            return 0
        self._restore(content)
        return content.step

    def _restore(self, content: "CheckpointContent[torch.Tensor]") -> None:
        import torch

        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(content.weights[name])
        if content.best_weights is not None:
            self._best_weights = {name: tensor.to(self._device) for name, tensor in content.best_weights.items()}
        restore_optimizer(self._optimizer, self._parameters, content.optimizer)
        self._progress = Progress(**content.state["progress"])
        self._figures.restore(content.log)
        if "watchdog" in content.state:
            self._watchdog.restore(content.state["watchdog"])
        if self._ranks.count > 1:
            restore_from_text(content.state["random_of_ranks"][self._ranks.rank])

    def _follow_stop(self) -> None:
        reason = agreed_stop(self._reporter, self._ranks)
        if reason is None:
            return
        if reason is not StopReason.CANCEL:
            self._save()
        raise TrainingStopped(reason)
