"""Base models with an adapter: a fresh one to train, or a finished one from its folder."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import InvalidInput

if TYPE_CHECKING:
    from peft import LoraConfig, PeftModel
    from transformers import PreTrainedModel


class AdapterDoesNotFit(InvalidInput):
    """An adapter and a base model that do not belong together."""

    code = "adapter_does_not_fit"

    def __init__(self, adapter_dir: Path, reason: str) -> None:
        super().__init__(
            f"The adapter in {adapter_dir} cannot be put on this base model: {reason}.",
            adapter_dir=str(adapter_dir),
            reason=reason,
        )


def with_fresh_adapter(model: "PreTrainedModel", config: "LoraConfig") -> "PeftModel":
    """Freeze the model and add trainable float32 low-rank updates.

    Raises:
        ValueError: If target modules are not in the model.
    """
    import torch
    from peft import PeftModel, get_peft_model

    from backend.training.utils.lora_layer import OneProductLinear

    if not getattr(model, "is_quantized", False):
        config._register_custom_module({torch.nn.Linear: OneProductLinear})
    with _quiet():
        adapted = get_peft_model(model, config, autocast_adapter_dtype=True)
    assert isinstance(adapted, PeftModel)  # noqa: S101 - narrows the type; only `mixed=True` gives another class
    return adapted


def with_saved_adapter(model: "PreTrainedModel", adapter_dir: Path) -> "PeftModel":
    """Put a finished adapter on the model it was trained on, ready for evaluation.

    Raises:
        AdapterDoesNotFit: If weights are missing or have other shapes.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    if not (adapter_dir / "adapter_model.safetensors").is_file():
        reason = "it has no adapter_model.safetensors, and pickled weights are never loaded"
        raise AdapterDoesNotFit(adapter_dir, reason)
    try:
        with _quiet():
            adapted = PeftModel.from_pretrained(model, adapter_dir, is_trainable=False, local_files_only=True)
    except (RuntimeError, ValueError, KeyError, OSError, SafetensorError) as exc:
        raise AdapterDoesNotFit(adapter_dir, (str(exc).splitlines() or [type(exc).__name__])[0][:300]) from exc
    return adapted.eval()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Peft 0.21 asks transformers 5 for attributes under names that are deprecated there; nobody here can act on it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
