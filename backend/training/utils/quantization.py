"""Frozen base weights kept in 4 or 8 bits (QLoRA: Dettmers et al. 2023, arXiv 2305.14314), by bitsandbytes."""

import importlib.util
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from backend.training.training_config import QloraSection

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the weights of linear layers are kept; the output layer and all norms stay as they are.

    Args:
        bits: 4 or 8 per weight.
        quant_type: `nf4` or `fp4`; for 4 bits.
        double_quant: Whether the scales of 4-bit blocks are quantised too.
        compute_dtype: Number format in which 4-bit weights are multiplied.
    """

    bits: int
    quant_type: str
    double_quant: bool
    compute_dtype: str

    @classmethod
    def from_config(cls, section: QloraSection) -> Self:
        """What a training config asks for."""
        return cls(section.bits, section.quant_type, section.double_quant, section.compute_dtype)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The reverse of `as_json`."""
        return cls(**content)

    def as_json(self) -> dict[str, Any]:
        """For the description of a run."""
        return asdict(self)

    def for_loading(self) -> "BitsAndBytesConfig":
        """The form in which transformers wants it."""
        import torch
        from transformers import BitsAndBytesConfig

        options: dict[str, Any] = {"load_in_8bit": True}
        if self.bits == 4:
            options = {
                "load_in_4bit": True,
                "bnb_4bit_quant_type": self.quant_type,
                "bnb_4bit_use_double_quant": self.double_quant,
                "bnb_4bit_compute_dtype": getattr(torch, self.compute_dtype),
            }
        return BitsAndBytesConfig(**options)  # type: ignore[no-untyped-call]  # the library leaves it without annotations


def is_installed() -> bool:
    """Whether bitsandbytes is here, without the seconds of importing it."""
    return importlib.util.find_spec("bitsandbytes") is not None


def keep_gradients(model: "torch.nn.Module") -> None:
    """Keep 4-bit layers in the form that can be trained through.

    On CPUs with AVX-512 the first evaluation would repack the weights for inference, and every later training step
    would lose the gradients that go through them (bitsandbytes 0.50).
    """
    from bitsandbytes.nn.modules import Linear4bit

    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            layer.support_avx512bf16_for_cpu = False
