"""PiSSA: start the update at the principal components of the weights (Meng et al. 2024, arXiv 2404.02948).

Such a run changes the base it trains on: the components are taken out of the frozen weights and put into A and B. An
adapter for the base as it lies on disk is the difference between end and start, which has twice the rank.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_A, _B = ".lora_A.", ".lora_B."


def copy_of_start(weights: "Mapping[str, torch.Tensor]") -> "dict[str, torch.Tensor]":
    """The A and B matrices before the first step."""
    return {name: tensor.detach().clone() for name, tensor in weights.items()}


def as_difference(
    weights: "Mapping[str, torch.Tensor]", start: "Mapping[str, torch.Tensor]"
) -> "dict[str, torch.Tensor]":
    """A and B of `end - start`: of each pair the rows of A and the columns of B one after the other.

    Args:
        weights: A of shape (r, inputs) and B of shape (outputs, r) of every layer, at the end.
        start: The same at the beginning.

    Returns:
        A of shape (2 r, inputs), B of shape (outputs, 2 r); everything else as it is.
    """
    import torch

    def joined(name: str, end: "torch.Tensor") -> "torch.Tensor":
        if _A in name:
            return torch.cat([end, start[name].to(end.device)], dim=0)
        return torch.cat([end, -start[name].to(end.device)], dim=1) if _B in name else end

    return {name: joined(name, tensor) for name, tensor in weights.items()}


def config_of_difference(config: Mapping[str, Any]) -> dict[str, Any]:
    """The adapter config for twice the rank and the same scale, started as any other adapter."""
    alpha = config["lora_alpha"] * (math.sqrt(2) if config["use_rslora"] else 2)
    return {**config, "r": 2 * config["r"], "lora_alpha": alpha, "init_lora_weights": True}
