"""Faster kernels that may be installed beside a GPU: FlashAttention for attention, Liger for norms and the like.

Neither is a dependency: both are GPU only and compiled for one version of torch. What is installed, fits the GPU and
knows the model is used, and a run tells which it was. The loss is ours on every device (`chunked_loss`): Liger's own
are always switched off, since two fused losses would fight over the same scores.
"""

import contextlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_PLAIN_ATTENTION, _PLAIN_LAYERS, _LIGER = "sdpa", "torch", "liger"
# compute capability for which each is built, the best first: Hopper only; Ampere and newer
_FLASH = (("flash_attention_3", (9, 0), (9, 9)), ("flash_attention_2", (8, 0), (99, 0)))


@dataclass(frozen=True, slots=True)
class Accelerator:
    """The device of a run and what is installed for it.

    Args:
        capability: Compute capability of the GPU; None: there is no GPU.
        installed: Of `flash_attention_3`, `flash_attention_2` and `liger`.
    """

    capability: tuple[int, int] | None
    installed: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kernels:
    """What computes attention, and what norms, rotations and gated layers."""

    attention: str = _PLAIN_ATTENTION
    layers: str = _PLAIN_LAYERS

    def as_facts(self) -> dict[str, str]:
        """For the figures and the description of a run."""
        return {"attention": self.attention, "layer_kernels": self.layers}


def accelerator_here() -> Accelerator:
    """That of this machine."""
    import torch
    from transformers.utils.import_utils import is_flash_attn_2_available, is_flash_attn_3_available

    if not torch.cuda.is_available():
        return Accelerator(None, frozenset())
    found = {
        "flash_attention_3": is_flash_attn_3_available(),
        "flash_attention_2": is_flash_attn_2_available(),
        _LIGER: importlib.util.find_spec("liger_kernel") is not None,
    }
    return Accelerator(
        torch.cuda.get_device_capability(), frozenset(name for name, is_here in found.items() if is_here)
    )


def choose_kernels(accelerator: Accelerator, *, dtype: "torch.dtype") -> Kernels:
    """The fastest that are installed and made for this GPU and number format.

    Args:
        accelerator: Of this machine.
        dtype: Of the hidden states; FlashAttention computes in 16 bits only.
    """
    capability = accelerator.capability
    if capability is None:
        return Kernels()
    flash = [name for name, least, most in _FLASH if name in accelerator.installed and least <= capability <= most]
    return Kernels(
        attention=flash[0] if flash and dtype.itemsize == 2 else _PLAIN_ATTENTION,
        layers=_LIGER if _LIGER in accelerator.installed else _PLAIN_LAYERS,
    )


def use_kernels(model: "PreTrainedModel", wanted: Kernels) -> Kernels:
    """Switch a freshly loaded model to these kernels where it knows them.

    Returns:
        What it uses now.
    """
    layers = wanted.layers if wanted.layers == _LIGER and _use_liger(model) else _PLAIN_LAYERS
    if wanted.attention != _PLAIN_ATTENTION:
        with contextlib.suppress(ValueError, ImportError):  # not every architecture has this attention
            model.set_attn_implementation(wanted.attention)
    return Kernels(attention=str(model.config._attn_implementation), layers=layers)


def _use_liger(model: "PreTrainedModel") -> bool:
    from liger_kernel.transformers import monkey_patch  # type: ignore[import-not-found]  # installed by hand, if at all

    if model.config.model_type not in monkey_patch.MODEL_TYPE_TO_APPLY_LIGER_FN:
        return False
    monkey_patch._apply_liger_kernel_to_instance(model=model, cross_entropy=False, fused_linear_cross_entropy=False)
    return True
