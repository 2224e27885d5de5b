"""A LoRA layer that adds its update to the output of the base layer in one product. Imports torch: import it late.

Peft computes `base(x) + lora_B(lora_A(x)) * scaling` as a product, a scaled copy and a sum, each as large as the
output, and as much again backwards; `addmm` adds while it multiplies. On a GPU peft also widens every input to the
float32 of the adapter; here the adapter, which is small, is narrowed to the number format of the base layer, as mixed
precision does.
"""

from typing import Any

import torch
from peft.tuners.lora.layer import Linear


class OneProductLinear(Linear):
    """Peft's layer for `torch.nn.Linear`, the same up to rounding; what is not plain LoRA is left to peft."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """The base layer's output with the update of the one active adapter, shape (…, out)."""
        name = next(iter(self.active_adapters), "")
        is_plain = len(self.active_adapters) == 1 and name in self.lora_A and name not in self.lora_variant
        if args or kwargs or not is_plain or self.disable_adapters or self.merged:
            return super().forward(x, *args, **kwargs)
        rows = x.flatten(0, -2)
        base: torch.Tensor = self.base_layer(rows)
        down, up = (_weight(part[name]).to(base.dtype) for part in (self.lora_A, self.lora_B))
        low = torch.nn.functional.linear(self.lora_dropout[name](rows), down)
        # in place: no product needs its own result to go back through it
        return base.addmm_(low, up.T, alpha=self.scaling[name]).view(*x.shape[:-1], -1)


def _weight(layer: torch.nn.Module) -> torch.Tensor:
    weight: torch.Tensor = layer.get_parameter("weight")
    return weight
