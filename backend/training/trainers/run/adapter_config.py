"""The LoRA section of a config: what excludes each other, and the same in the words of peft. Cheap to import."""

import re
from typing import TYPE_CHECKING

from backend.training.training_config import InvalidTrainingConfig, TrainingConfig
from backend.training.utils import quantization

if TYPE_CHECKING:
    from peft import LoraConfig

_NAME = re.compile(r"\w+")
_SMALL_SET = 1000
_SMALL_SET_DROPOUT = 0.05


def check_adapter_config(config: TrainingConfig, *, is_quantized: bool) -> None:
    """Refuse options that exclude each other, and what is not installed.

    Raises:
        InvalidTrainingConfig: With the field and the reason.
    """
    problems = []
    if config.lora.init == "pissa" and config.lora.use_dora:
        problems.append(_problem("init", "pissa and use_dora start the same weights in two ways; choose one"))
    if config.lora.init == "pissa" and is_quantized:
        problems.append(_problem("init", "pissa changes the base weights, which are quantised; choose default"))
    if "8bit" in config.training.optimizer and not quantization.is_installed():
        reason = "needs the package bitsandbytes, which is not installed here; take adamw or install it"
        problems.append({"field": "training.optimizer", "reason": f"{config.training.optimizer} {reason}"})
    if problems:
        raise InvalidTrainingConfig(problems)


def lora_config(config: TrainingConfig, *, records: int) -> "LoraConfig":
    """What peft is asked for.

    Args:
        config: Of the run.
        records: Size of the training set; decides the default dropout.
    """
    from peft import LoraConfig, TaskType

    return LoraConfig(
        task_type=TaskType.CAUSAL_LM,
        r=config.lora.r,
        lora_alpha=config.lora.alpha,
        lora_dropout=effective_dropout(config, records=records),
        target_modules=_modules(config.lora.target_modules),
        use_rslora=config.lora.use_rslora,
        use_dora=config.lora.use_dora,
        init_lora_weights="pissa" if config.lora.init == "pissa" else True,
        bias="none",
    )


def _modules(asked: str | list[str]) -> str | list[str]:
    """A single name as a list: peft takes a text for a pattern over whole paths (or for `all-linear`)."""
    return [asked] if isinstance(asked, str) and _NAME.fullmatch(asked) else asked


def effective_dropout(config: TrainingConfig, *, records: int) -> float:
    """The configured dropout, or the default for a set of this size."""
    if config.lora.dropout is not None:
        return config.lora.dropout
    return _SMALL_SET_DROPOUT if records < _SMALL_SET else 0.0


def _problem(field: str, reason: str) -> dict[str, str]:
    return {"field": f"lora.{field}", "reason": reason}
