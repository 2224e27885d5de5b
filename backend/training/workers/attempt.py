"""What a supervisor knows of a running attempt, and how a trainer's messages read as domain values."""

from dataclasses import dataclass, field, replace
from typing import Any

from backend.common.child_process import ChildProcess
from backend.training.training_config import TrainingConfig
from backend.training.workers.protocol import MessageType, TrainingOrder
from shared.models.adapter import Adapter, Checkpoint, PromotionOrder
from shared.models.comparison import ComparisonVerdict, compared_with, verdict_of
from shared.models.events import EventType
from shared.models.job import AttemptOutcome, Claim, Progress, TrainingJob
from shared.utils.clock import Clock

_URGENCY = (AttemptOutcome.HANDED_BACK, AttemptOutcome.PAUSED, AttemptOutcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of an attempt and what there is to say about it."""

    outcome: AttemptOutcome
    message: str = ""


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt of one job while its trainer lives.

    Args:
        ending: The kind of the trainer's last word, None while (or if) it said none.
        final: That last word.
        heard: Messages so far.
        is_heard: Whether we listen; not while a message is being written to the database.
        asked: What the trainer was asked to end for; a cancel counts before a pause, and that before a hand-back.
        killed_for: Why we killed the trainer before it had said its last word; the first reason counts.
    """

    job: TrainingJob
    claim: Claim
    order: TrainingOrder
    process: ChildProcess
    progress: Progress = field(default_factory=Progress)
    ending: MessageType | None = None
    final: dict[str, Any] = field(default_factory=dict)
    exit_code: int = 0
    heard: int = 0
    is_heard: bool = True
    asked: AttemptOutcome | None = None
    killed_for: Verdict | None = None

    def ask(self, outcome: AttemptOutcome) -> None:
        """Remember what the trainer is asked to end for."""
        if self.asked is None or _URGENCY.index(outcome) > _URGENCY.index(self.asked):
            self.asked = outcome

    def kill(self, verdict: Verdict) -> None:
        """Kill the trainer with everything it started, and remember why."""
        if self.killed_for is None:
            self.killed_for = verdict
        self.process.kill()

    def follow(self, kind: MessageType, message: dict[str, Any]) -> tuple[EventType, dict[str, Any]]:
        """Take over what a message says of the progress; returns the event to record and its detail."""
        if kind is MessageType.PLAN:
            self.progress = replace(
                self.progress,
                total_steps=message["total_steps"],
                total_epochs=message["total_epochs"],
                current_step=message["start_step"],
            )
            return EventType.MESSAGE, {"plan": message["facts"]}
        if kind is MessageType.STEP:
            self.progress = replace(
                self.progress,
                current_step=message["step"],
                current_epoch=message["epoch"],
                metrics=message["metrics"],
            )
            return EventType.STEP, {}
        if kind is MessageType.EVALUATION:
            metrics = {**self.progress.metrics, **message["metrics"]}
            self.progress = replace(self.progress, metrics=metrics)
            return EventType.EVALUATION, {"evaluation": message["metrics"]}
        return EventType.MESSAGE, {"text": message.get("text", "")}

    def checkpoint(self, message: dict[str, Any], clock: Clock) -> Checkpoint:
        """The checkpoint that a message announces."""
        return Checkpoint(
            job_id=self.job.job_id,
            claim_epoch=self.claim.epoch,
            step=message["step"],
            path=message["path"],
            manifest_sha256=message["manifest_sha256"],
            created_at=clock(),
            loss=message["loss"],
        )

    def adapter(self, manifest_sha256: str, clock: Clock) -> Adapter:
        """The adapter that the trainer's last word announces."""
        return Adapter(
            adapter_id=self.order.adapter_id,
            job_id=self.job.job_id,
            name=self.job.job_name,
            path=self.order.adapter_path,
            manifest_sha256=manifest_sha256,
            trainer_type=self.job.trainer_type,
            base_model=self.order.config["model"]["base_model"],
            base_model_digest=self.final["base_model_digest"],
            dataset_id=self.order.dataset_id,
            dataset_sha256=self.order.content_sha256,
            metrics=self.final["metrics"],
            created_at=clock(),
            created_by=self.job.created_by,
        )

    def promotion(self) -> PromotionOrder | None:
        """What the job asks for if its comparison was passed: the place of the adapter that it was compared with."""
        metrics = self.final["metrics"]
        is_passed = verdict_of(metrics) is ComparisonVerdict.PROMOTE
        if not is_passed or not TrainingConfig.parse(self.order.config).continuous.promote:
            return None
        return PromotionOrder(compared_with(metrics), by=self.job.created_by)

    def final_progress(self) -> Progress:
        """Where the finished attempt stands; early stopping makes the steps done the steps planned."""
        return replace(
            self.progress,
            current_step=self.final["steps"],
            total_steps=self.final["steps"],
            current_epoch=self.final["epochs"],
            metrics=self.final["metrics"],
        )
