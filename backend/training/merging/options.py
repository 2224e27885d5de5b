"""What a merge is asked for, what it tells on the way, what it leaves, and why it may refuse."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from shared.errors import Conflict, InvalidInput


class MergeDtype(StrEnum):
    """Number format of the merged weights."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


class MergeStage(StrEnum):
    """What is being done; in this order."""

    VERIFYING = "verifying"
    LOADING = "loading"
    MEASURING = "measuring"
    MERGING = "merging"
    COMPARING = "comparing"
    SAVING = "saving"
    PUBLISHING = "publishing"


@dataclass(frozen=True, slots=True)
class MergeProgress:
    """Where the merge stands; `step` counts layers while merging."""

    stage: MergeStage
    step: int = 0
    total_steps: int = 0


@dataclass(frozen=True, slots=True)
class MergeSummary:
    """The published model.

    Args:
        manifest_sha256: SHA-256 of the manifest file, hex.
        layers: Layers that the adapter changed.
        difference: Root mean square of what separates the merged model's logits from those of base model with
            adapter, as a share of the latter's.
        effect: The same for base model without and with adapter: what there was to be merged.
        rounding: By how much rounding moved the weights, as a share of how far the adapter moves them.
    """

    path: Path
    manifest_sha256: str
    adapter_id: str
    base_model: str
    dtype: MergeDtype
    layers: int
    parameters: int
    size_bytes: int
    difference: float
    effect: float
    rounding: float
    elapsed_s: float


class NotMergeable(InvalidInput):
    """An adapter that cannot be merged at all."""

    code = "not_mergeable"

    def __init__(self, adapter_id: str, reason: str) -> None:
        super().__init__(f"Adapter {adapter_id} cannot be merged: {reason}.", adapter_id=adapter_id, reason=reason)


class QuantizedBase(InvalidInput):
    """The base model's weights are quantised on disk; what they were before is lost."""

    code = "quantized_base_model"

    def __init__(self, folder: Path, method: str) -> None:
        super().__init__(
            f"{folder} holds weights that are quantised ({method}). Adding an update to them would round it away, so "
            "nothing is merged into a quantised model. Train and merge on the unquantised model of the same name.",
            base_model=str(folder),
            method=method,
        )


class AnotherBaseModel(Conflict):
    """The base model is not the one that the adapter was trained on."""

    code = "another_base_model"

    def __init__(self, folder: Path, *, trained_on: str, found: str) -> None:
        super().__init__(
            f"{folder} is not the model that the adapter was trained on: its files have the digest {found[:12]}…, "
            f"trained on was {trained_on[:12]}…. Put the original files back, or train the adapter again.",
            base_model=str(folder),
            trained_on=trained_on,
            found=found,
        )


class DamagedAdapter(Conflict):
    """The adapter on disk is not what was published."""

    code = "damaged_adapter"

    def __init__(self, adapter_id: str, reason: str) -> None:
        super().__init__(f"Adapter {adapter_id} is damaged: {reason}. Train it again.", adapter_id=adapter_id)


class MergeDiffers(Conflict):
    """The merged model does not compute what base model and adapter compute."""

    code = "merge_differs"

    def __init__(self, difference: float, limit: float) -> None:
        super().__init__(
            f"What the merged model computes differs from base model and adapter by {difference:.2g} of its size, "
            f"allowed are {limit:.2g}. Nothing was published. Try --dtype float32.",
            difference=difference,
            limit=limit,
        )
