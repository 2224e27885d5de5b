"""A LoRA layer that adds its update to the output of the base layer in one product. Imports torch: import it late.

Peft computes `base(x) + lora_B(lora_A(x)) * scaling` as a product, a scaled copy and a sum, each as large as the output,
and as much again backwards; `addmm` adds while it multiplies. On a GPU peft also widens every input to the float32 of the adapter; here
the adapter, which is small, is narrowed to the number format of the base layer, as mixed precision does.
"""

from typing import Any

import torch
from peft.tuners.lora.layer import Linear


class OneProductLinear(Linear):
    """Peft's layer for `torch.nn.Linear`, the same up to rounding; what is not plain LoRA is left to peft."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        """The base layer's output with the update of the one active adapter, shape (…, out)."""
        if args or kwargs or self.disable_adapters or self.merged or self.lora_variant or len(self.active_adapters) != 1:
            return super().forward(x, *args, **kwargs)
        name = self.active_adapters[0]
        if name not in self.lora_A:
            return super().forward(x)
        rows = x.flatten(0, -2)
        base: torch.Tensor = self.base_layer(rows)
        a, b = (part[name].weight.to(base.dtype) for part in (self.lora_A, self.lora_B))
        low = torch.nn.functional.linear(self.lora_dropout[name](rows), a)
        # in place: no product needs its own result to go back through it
        return base.addmm_(low, b.T, alpha=self.scaling[name]).view(*x.shape[:-1], -1)
