"""The language between supervisor and trainer process: one JSON object per line over two pipes.

    supervisor --stdin-->  trainer    the order (first line), then stop requests; EOF: the supervisor is gone
    trainer    --stdout--> supervisor messages below; EOF: the trainer is gone

A message is small and self-contained, so losing the last line of a killed trainer loses nothing that counts: what
counts lies in published folders.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from backend.common.child_order import ChildOrder
from backend.training.formats.token_cache import TokenCache
from backend.training.trainers.base import ActiveAdapter, ContinuousData, TrainingData


class MessageType(StrEnum):
    """What a trainer says."""

    READY = "ready"
    PLAN = "plan"
    STEP = "step"
    EVALUATION = "evaluation"
    CHECKPOINT = "checkpoint"
    MESSAGE = "message"
    # a sign of life from a stretch without steps: for the supervisor's deadline, not for the events of the job
    ALIVE = "alive"
    PUBLISHED = "published"
    STOPPED = "stopped"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class TrainingOrder(ChildOrder):
    """Everything a trainer process needs; it reads no settings and opens no store.

    Args:
        config: The validated training config as plain JSON.
        chat_template: Text of the template that the config chose; None: that of the base model.
        adapter_path: Final folder of the adapter; carries the claim epoch.
        token_cache_mb: Size of the token cache (unit: MiB); 0: none.
        continuous: `ContinuousData` as plain JSON.
        history: What happened to the job before, for its report; see `JobHistory`.
    """

    job_id: str
    job_name: str
    created_by: str
    trainer_type: str
    claim_epoch: int
    config: Mapping[str, Any]
    base_model: str
    chat_template: str | None
    is_offline: bool
    train_path: str
    validation_path: str | None
    test_path: str | None
    content_sha256: str
    dataset_id: str | None
    job_dir: str
    adapter_id: str
    adapter_path: str
    resume_dirs: tuple[str, ...]
    save_every_steps: int
    cpu_threads: int
    token_cache_dir: str
    token_cache_mb: int
    continuous: Mapping[str, Any] | None = None
    history: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Hold ``resume_dirs`` as the tuple it is: an order read from JSON brings a list."""
        object.__setattr__(self, "resume_dirs", tuple(self.resume_dirs))

    @property
    def num_processes(self) -> int:
        """Processes that share the run."""
        # the config as a whole is looked at where what is wrong with it can be reported
        return int(self.config.get("training", {}).get("num_processes", 1))

    @property
    def token_cache(self) -> TokenCache | None:
        """Where tokenised files are kept over jobs."""
        return TokenCache(Path(self.token_cache_dir), self.token_cache_mb) if self.token_cache_mb else None

    @property
    def data(self) -> TrainingData:
        """The resolved inputs."""
        return TrainingData(
            train=Path(self.train_path),
            validation=Path(self.validation_path) if self.validation_path else None,
            test=Path(self.test_path) if self.test_path else None,
            content_sha256=self.content_sha256,
            dataset_id=self.dataset_id,
            continuous=None if self.continuous is None else _continuous(self.continuous),
        )


def plain_continuous(data: ContinuousData | None) -> dict[str, Any] | None:
    """The data of a continuous run as plain JSON."""
    if data is None:
        return None
    active = None if data.active is None else {**asdict(data.active), "path": str(data.active.path)}
    return {"golden": str(data.golden), "replay": str(data.replay) if data.replay else None, "active": active}


def _continuous(plain: Mapping[str, Any]) -> ContinuousData:
    active = plain["active"]
    return ContinuousData(
        golden=Path(plain["golden"]),
        replay=Path(plain["replay"]) if plain["replay"] else None,
        active=ActiveAdapter(**{**active, "path": Path(active["path"])}) if active else None,
    )
