"""The contract of a trainer: `validate()` without heavy imports, `train()` in a process of its own.

A new trainer is one new file `<name>_trainer.py` in this folder with one subclass of `BaseTrainer`; the registry finds
it by its `trainer_type`. Torch and its friends are imported inside functions: the API process reads this module too.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Protocol

from backend.training.formats.token_cache import TokenCache
from backend.training.training_config import TrainingConfig
from backend.training.utils.laps import Laps
from backend.training.utils.ranks import SOLE, Ranks


class StopReason(StrEnum):
    """Why the supervisor asks a trainer to end early."""

    CANCEL = "cancel"
    HAND_BACK = "hand_back"
    PAUSE = "pause"


class TrainingStopped(Exception):
    """The trainer followed a stop request; after a hand-back or a pause a checkpoint of the last step is published."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Reporter(Protocol):
    """Where a trainer says what it does; every call is cheap and may be made at every step."""

    def plan(self, *, total_steps: int, total_epochs: int, start_step: int, facts: Mapping[str, Any]) -> None:
        """Announce the size of the run; `facts` are counts such as records, trained_tokens, truncated_records."""
        ...

    def step(self, *, step: int, epoch: int, metrics: Mapping[str, float]) -> None:
        """Report a logged step: loss (nats/trained token), learning_rate, grad_norm, tokens_per_s, eta_s, memory …"""
        ...

    def evaluation(self, *, step: int, metrics: Mapping[str, float]) -> None:
        """Report figures on the validation split (eval_loss …)."""
        ...

    def checkpoint(self, *, step: int, path: Path, manifest_sha256: str, loss: float | None) -> None:
        """Report a published checkpoint."""
        ...

    def message(self, text: str) -> None:
        """Say something a person should read."""
        ...

    def alive(self) -> None:
        """Say that a stretch without steps gets on; called between pieces of real work, never by a timer."""
        ...

    def stop_requested(self) -> StopReason | None:
        """Whether the supervisor asked to end; asked once per step."""
        ...


@dataclass(frozen=True, slots=True)
class ActiveAdapter:
    """The adapter that a candidate has to beat.

    Args:
        path: Its folder.
        manifest_sha256: Of the folder's manifest, hex.
        base_model_digest: Of the base model that it was trained on, hex.
    """

    adapter_id: str
    path: Path
    manifest_sha256: str
    base_model_digest: str


@dataclass(frozen=True, slots=True)
class ContinuousData:
    """What a continuous run has beside its feedback.

    Args:
        golden: Records that must not get worse.
        replay: Earlier records to mix in, None if there are none but earlier feedback.
        active: What the candidate is compared with; None: the base model.
    """

    golden: Path
    replay: Path | None = None
    active: ActiveAdapter | None = None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Resolved inputs: files with one JSON record per line.

    Args:
        train: JSONL (or JSON, Parquet, CSV for a `train_file`) to train on; empty for a trainer that needs no inputs.
        validation: Held-out part for early stopping, None to split `train` by `data.validation_split`.
        test: Part that training never reads; used by the final evaluation.
        content_sha256: Identity of what is trained on, hex.
        dataset_id: Dataset version it comes from, if any.
        continuous: What a trainer that learns from feedback gets besides; `train` is the feedback then.
        is_mixed: Whether records of `train` may have different shapes.
    """

    train: Path
    validation: Path | None
    test: Path | None
    content_sha256: str
    dataset_id: str | None = None
    continuous: ContinuousData | None = None
    is_mixed: bool = False


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """Everything an attempt works with; nothing else is read (no settings, no stores, no environment).

    Args:
        job_id: For the model card and logs.
        claim_epoch: Part of the names of checkpoints.
        base_model: Resolved local folder, or hub name when `is_offline` is false.
        job_dir: The job's folder; checkpoints lie in `job_dir / "checkpoints"`.
        scratch_dir: Private to this attempt; removed afterwards.
        adapter_dir: Existing empty staged folder that `train` fills.
        resume_dirs: Checkpoint folders to look for a valid one in, the job's own first.
        save_every_steps: Default distance of checkpoints, in optimizer steps.
        cpu_threads: Threads for the CPU backend, of all ranks together.
        token_cache: Where tokenised files are kept over jobs; None keeps none.
        chat_template: Text of the template to write chats with; None: that of the base model.
        laps: Where the time of the start goes; told with the plan.
        ranks: This process among those of the run. Only the first one fills `adapter_dir` and is heard.
    """

    job_id: str
    job_name: str
    claim_epoch: int
    config: TrainingConfig
    data: TrainingData
    base_model: str
    is_offline: bool
    job_dir: Path
    scratch_dir: Path
    adapter_dir: Path
    save_every_steps: int
    cpu_threads: int
    resume_dirs: tuple[Path, ...] = ()
    token_cache: TokenCache | None = None
    chat_template: str | None = None
    laps: Laps = field(default_factory=Laps)
    ranks: Ranks = SOLE

    @property
    def threads(self) -> int:
        """Threads of a process that computes while the others wait."""
        return self.config.training.cpu_threads or self.cpu_threads

    @property
    def threads_per_rank(self) -> int:
        """Threads of this process while all ranks compute, at least one."""
        return max(1, self.threads // self.ranks.count)


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """What `train` hands over after it filled `adapter_dir`.

    Args:
        steps: Optimizer steps done.
        metrics: Final figures for the job and the model card (train_loss, eval_loss, trained_tokens, tokens_per_s …).
        base_model_digest: SHA-256 over the base model's files, hex.
    """

    steps: int
    epochs: int
    metrics: Mapping[str, Any] = field(default_factory=dict)
    base_model_digest: str = ""


class BaseTrainer(ABC):
    """One way to make an adapter.

    Attributes:
        trainer_type: Name by which a job asks for it.
        needs_inputs: Whether it adapts a base model on records; otherwise it makes what it learns from itself, gets
            neither, and its report is figures only.
        needs_feedback: Whether it learns from feedback; its inputs are fixed when the job is accepted.
        is_parallel: Whether it can run in several processes (`training.num_processes`).
        is_for_production: Whether an installation in production may run it.
        sections: Sections of the config that it reads.
    """

    trainer_type: ClassVar[str]
    needs_inputs: ClassVar[bool] = True
    needs_feedback: ClassVar[bool] = False
    is_parallel: ClassVar[bool] = True
    is_for_production: ClassVar[bool] = True
    sections: ClassVar[frozenset[str]] = frozenset({"model", "lora", "data", "training", "dpo"})

    def validate(self, config: TrainingConfig) -> None:  # noqa: B027 - a hook that most trainers do not need
        """Refuse a config this trainer cannot run; cheap, no heavy import, runs at submit.

        Raises:
            InvalidTrainingConfig: With the field and the reason.
        """

    def weight_bits(self, config: TrainingConfig) -> int | None:
        """Bits in which the weights of the base model are kept; None: as they are."""
        return None

    @abstractmethod
    def train(self, context: TrainingContext, reporter: Reporter) -> TrainingOutcome:
        """Train and leave the adapter (safetensors), tokenizer and chat template in `context.adapter_dir`.

        Raises:
            TrainingStopped: After a stop request.
            ClaraError: For everything a person can mend (bad records, wrong model folder, disk full).
        """
