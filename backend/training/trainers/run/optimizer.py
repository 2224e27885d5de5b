"""The optimizer of a run, its learning rate as a pure function of the step, and its state by parameter name."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.training.training_config import TrainingSection

if TYPE_CHECKING:
    import torch

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8
_SEPARATOR = "|"
_B_MATRIX = ".lora_B."
_TABLES = "qmap"
_RATE = 2e-4
_LARGE_MODEL, _LARGE_MODEL_RATE = 30_000_000_000, 1e-4
_DPO_RATE = 5e-6


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate over the run: warm-up, then cosine, linear or constant.

    Args:
        peak: Highest rate.
        kind: Form after the warm-up.
        warmup_steps: Steps with a rising rate.
        total_steps: Steps of the whole run; the rate reaches 0 after the last one (cosine, linear).
    """

    peak: float
    kind: str
    warmup_steps: int
    total_steps: int

    def rate(self, step: int) -> float:
        """Rate of optimizer step `step`, counted from 0."""
        if step < self.warmup_steps:
            return self.peak * (step + 1) / self.warmup_steps
        if self.kind == "constant":
            return self.peak
        done = (step - self.warmup_steps) / max(1, self.total_steps - self.warmup_steps)
        return self.peak * (0.5 * (1 + math.cos(math.pi * done)) if self.kind == "cosine" else 1 - done)


def peak_rate(training: TrainingSection, *, objective: str = "sft", parameters: int = 0) -> float:
    """The configured highest rate, or the default for such a run.

    Args:
        training: Of the config.
        objective: `sft` or `dpo`.
        parameters: Of the whole model; large ones want smaller steps.
    """
    if training.learning_rate is not None:
        return training.learning_rate
    if objective == "dpo":
        return _DPO_RATE
    return _LARGE_MODEL_RATE if parameters >= _LARGE_MODEL else _RATE


def schedule_for(training: TrainingSection, *, total_steps: int, peak: float) -> Schedule:
    """The configured schedule; the warm-up never takes more than half of a short run."""
    wanted = max(training.min_warmup_steps, round(training.warmup_ratio * total_steps))
    return Schedule(
        peak=peak,
        kind=training.lr_scheduler,
        warmup_steps=min(wanted, total_steps // 2),
        total_steps=total_steps,
    )


def resolve_optimizer(asked: str, *, is_quantized: bool, has_gpu: bool) -> str:
    """`adamw`, `adamw_8bit` or `paged_adamw_8bit`.

    Args:
        asked: `training.optimizer`.
        is_quantized: Whether the base model is kept in few bits, i.e. memory is scarce.
        has_gpu: Without one there is nothing to page out of.
    """
    if asked == "auto":
        return "paged_adamw_8bit" if is_quantized and has_gpu else "adamw"
    return "adamw_8bit" if asked == "paged_adamw_8bit" and not has_gpu else asked


def make_optimizer(
    parameters: "Mapping[str, torch.nn.Parameter]", training: TrainingSection, *, kind: str = "adamw"
) -> "torch.optim.Optimizer":
    """AdamW over the trained parameters; `set_rate` says the rate.

    Args:
        parameters: By name.
        training: Of the config.
        kind: As `resolve_optimizer` says; `adamw` is fused (the kernel exists for CPU and CUDA).
    """
    import torch

    groups = _groups(parameters, training.lora_plus_ratio)
    options: dict[str, Any] = {"betas": _BETAS, "eps": _EPSILON, "weight_decay": training.weight_decay}
    if kind == "adamw":
        return torch.optim.AdamW(groups, **options, fused=True)
    from bitsandbytes import optim

    eight_bits: Any = optim  # it exports its classes without saying so
    cls = eight_bits.PagedAdamW8bit if kind == "paged_adamw_8bit" else eight_bits.AdamW8bit
    made: torch.optim.Optimizer = cls(groups, **options)
    return made


def set_rate(optimizer: "torch.optim.Optimizer", rate: float) -> None:
    """The learning rate of the next step; B matrices may have a multiple of it (LoRA+)."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["rate_factor"]


def _groups(parameters: "Mapping[str, torch.nn.Parameter]", lora_plus_ratio: float) -> list[dict[str, Any]]:
    if lora_plus_ratio == 1:
        return [{"params": list(parameters.values()), "rate_factor": 1.0}]
    faster = [parameter for name, parameter in parameters.items() if _B_MATRIX in name]
    others = [parameter for name, parameter in parameters.items() if _B_MATRIX not in name]
    return [{"params": others, "rate_factor": 1.0}, {"params": faster, "rate_factor": lora_plus_ratio}]


def optimizer_tensors(
    optimizer: "torch.optim.Optimizer", parameters: "Mapping[str, torch.nn.Parameter]"
) -> "dict[str, torch.Tensor]":
    """The optimizer's state as `parameter|key` -> tensor; tables that 8-bit moments share are copied for each."""
    import torch

    return {
        f"{name}{_SEPARATOR}{key}": value.clone() if key.startswith(_TABLES) else torch.as_tensor(value)
        for name, parameter in parameters.items()
        for key, value in optimizer.state[parameter].items()
    }


def restore_optimizer(
    optimizer: "torch.optim.Optimizer",
    parameters: "Mapping[str, torch.nn.Parameter]",
    tensors: "Mapping[str, torch.Tensor]",
) -> None:
    """Put saved state back; moments go to the device of their parameter."""
    import torch

    counts_in_tensors = isinstance(optimizer, torch.optim.AdamW)
    for entry, tensor in tensors.items():
        name, key = entry.rsplit(_SEPARATOR, 1)
        parameter = parameters[name]
        is_count = key == "step" and not counts_in_tensors
        optimizer.state[parameter][key] = int(tensor) if is_count else tensor.to(parameter.device)
