"""The figures of a run: gathered at every step, logged and told when they are due."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from backend.training.trainers.base import Reporter
from backend.training.trainers.run.plan import RunPlan
from backend.training.utils.gpu_use import GpuUse
from backend.training.utils.memory_use import memory_figures
from backend.training.utils.metrics import RunningLoss, Throughput
from backend.training.utils.ranks import SOLE, Ranks


class StepFigures:
    """What every trainer tells of its steps.

    Args:
        plan: Says what is due when.
        reporter: Told of it.
        ranks: Whose memory is added up.

    Attributes:
        log: A row per logged step and evaluation; saved with every checkpoint.
    """

    def __init__(self, plan: RunPlan, reporter: Reporter, ranks: Ranks = SOLE) -> None:
        self.log: list[dict[str, Any]] = []
        self._plan = plan
        self._reporter = reporter
        self._ranks = ranks
        self._running = RunningLoss()
        self._throughput = Throughput(time.monotonic)
        self._gpu = GpuUse()

    @property
    def running_loss(self) -> float:
        """Mean loss of the newest steps (unit: nats per trained token)."""
        return self._running.mean

    def add(self, *, loss: float, trained: int, tokens: int) -> None:
        """A step is done.

        Args:
            loss: Its loss.
            trained: Tokens that the loss is a mean over.
            tokens: Tokens read.
        """
        self._running.add(loss, trained)
        self._throughput.add(tokens)

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        """Log and report a step if that is due."""
        if not self._plan.is_log_due(step):
            return
        metrics = {
            **figures,
            "running_loss": self._running.mean,
            "tokens_per_s": self._throughput.tokens_per_s,
            "eta_s": self._throughput.eta_s(self._plan.total_steps - step),
            "memory_mb": float(self._ranks.sum(memory_figures()["memory_mb"])),
            **self._gpu.figures(),
        }
        self._append(step, metrics)
        self._reporter.step(step=step, epoch=self._plan.epoch_of(step), metrics=metrics)

    def tell_evaluation(self, step: int, figures: Mapping[str, float]) -> None:
        """Log and report what was measured on the validation records."""
        self._append(step, figures)
        self._reporter.evaluation(step=step, metrics=figures)

    def restore(self, log: Sequence[Mapping[str, Any]]) -> None:
        """Go on with the log of a checkpoint."""
        self.log = [dict(row) for row in log]

    def _append(self, step: int, figures: Mapping[str, float]) -> None:
        self.log.append({"step": step, "epoch": step / self._plan.steps_per_epoch, **figures})
