"""What training leaves behind: checkpoints on the way, one adapter at the end (always a LoRA adapter)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A published, verified state to resume from.

    Args:
        job_id: Job it belongs to.
        claim_epoch: Claim under which it was written.
        step: Optimizer steps done.
        path: Folder with a manifest.
        manifest_sha256: SHA-256 of the manifest file, hex.
        loss: Training loss at that step in nats per trained token, where known.
    """

    job_id: str
    claim_epoch: int
    step: int
    path: str
    manifest_sha256: str
    created_at: datetime
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class Adapter:
    """A finished LoRA adapter and where it came from.

    Args:
        adapter_id: Made by the server; one per completed job.
        path: Folder with adapter_model.safetensors, tokenizer, model card and manifest.
        manifest_sha256: SHA-256 of the manifest file, hex.
        base_model: As the job named it.
        base_model_digest: SHA-256 over the base model's weight and config files, hex.
        dataset_id: Dataset version trained on, None for a bare file.
        dataset_sha256: Content hash of what was trained on, hex.
        metrics: Final figures (eval_loss, perplexity before and after, trained tokens …).
    """

    adapter_id: str
    job_id: str
    name: str
    path: str
    manifest_sha256: str
    trainer_type: str
    base_model: str
    created_at: datetime
    created_by: str
    base_model_digest: str = ""
    dataset_id: str | None = None
    dataset_sha256: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PromotionOrder:
    """What somebody who promotes an adapter takes for granted, and who it is.

    Args:
        over: Adapter that must be active until then; None: no adapter is.
        by: E-mail of the principal.
        is_override: Whether a comparison spoke against it, or none speaks for it any more.
    """

    over: str | None
    by: str
    is_override: bool = False


@dataclass(frozen=True, slots=True)
class Promotion:
    """An adapter became the active one of its base model; the newest promotion of a base model counts.

    Args:
        number: Grows with every promotion.
        replaced: Adapter that was active before.
    """

    number: int
    base_model: str
    adapter_id: str
    replaced: str | None
    promoted_at: datetime
    promoted_by: str
    is_override: bool = False


@dataclass(frozen=True, slots=True)
class AdapterCheck:
    """Whether an adapter on disk is still what was published.

    Args:
        adapter: The row.
        reason: What is wrong with the folder, None if nothing is.
        files: Files that were compared.
        size_bytes: Their size.
    """

    adapter: Adapter
    reason: str | None = None
    files: int = 0
    size_bytes: int = 0
