"""The arithmetic of a merge: each changed layer in float32, whatever the model is kept in."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from peft.tuners.lora import LoraLayer

_PROBE_TOKENS = 32
_PROBE_ROWS = 8


def changed_layers(model: "PeftModel") -> "dict[str, LoraLayer]":
    """The layers that carry the adapter, by name."""
    from peft.tuners.lora import LoraLayer

    return {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}


def shared_layer(model: "PeftModel") -> str | None:
    """A changed layer whose weights another layer uses too (an output layer that is the embedding): None if none is.

    Adding the update there would change the other layer as well.
    """
    users: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            users[id(parameter)] = users.get(id(parameter), 0) + 1
    layers = changed_layers(model).items()
    return next((name for name, layer in layers if users[id(layer.get_base_layer().weight)] > 1), None)


@dataclass(frozen=True, slots=True)
class MergedLayers:
    """What became of the layers that carry an adapter.

    Args:
        count: How many there are.
        worst: Largest relative difference of a layer's outputs before and after the merge, in float32.
        rounding: By how much rounding to the new number format moves the weights, as a share of how far the adapter
            moves them (root mean squares).
    """

    count: int
    worst: float
    rounding: float


def merge_layers(model: "PeftModel", dtype: "torch.dtype", on_layer: Callable[[int, int], None]) -> MergedLayers:
    """Add the adapter's update to every layer that it changes.

    The sum is made in float32 and rounded once. In the model's own format both the update and the sum would be rounded,
    and most of a small update with them.

    Args:
        model: Base model with adapter.
        dtype: Of the merged weights.
        on_layer: Called with layers done and layers in all.

    Raises:
        ValueError: If a merged weight is not finite.
    """
    import torch

    layers = changed_layers(model)
    worst, rounded, moved = 0.0, 0.0, 0.0
    for number, layer in enumerate(layers.values()):
        on_layer(number, len(layers))
        with torch.no_grad():
            difference, rounding, change = _merge_layer(layer, dtype)
        worst, rounded, moved = max(worst, difference), rounded + rounding, moved + change
    on_layer(len(layers), len(layers))
    return MergedLayers(len(layers), worst, math.sqrt(rounded / moved) if moved else 0.0)


def _merge_layer(layer: Any, dtype: "torch.dtype") -> tuple[float, float, float]:
    """Merge one `LoraLayer` (whose annotations know neither calls nor weights).

    Returns:
        Relative difference of its outputs before and after; squares of rounding and of change.
    """
    base = layer.get_base_layer().float()
    before = base.weight.data
    inputs = _probe_inputs(layer.in_features)
    expected = layer(inputs)
    layer.merge(safe_merge=True)
    exact = base.weight.data
    difference = relative_difference(base(inputs), expected)
    base.to(dtype)
    return difference, _square(base.weight.data.float() - exact), _square(exact - before)


def _probe_inputs(width: int) -> "torch.Tensor":
    """The same numbers for the same width, shape (rows, width)."""
    import torch

    generator = torch.Generator().manual_seed(0)
    return torch.randn(_PROBE_ROWS, width, generator=generator)


def _square(tensor: "torch.Tensor") -> float:
    return float(tensor.double().square().sum())


def probe_logits(model: "torch.nn.Module", vocab_size: int) -> "torch.Tensor":
    """Logits of a fixed row of token ids from all over the vocabulary, float32, shape (tokens, vocab)."""
    import torch

    ids = torch.linspace(0, vocab_size - 1, min(_PROBE_TOKENS, vocab_size)).long().unsqueeze(0)
    with torch.no_grad():
        logits: torch.Tensor = model(input_ids=ids, use_cache=False).logits[0].float()
    return logits


def relative_difference(found: "torch.Tensor", expected: "torch.Tensor") -> float:
    """Root mean square of the difference, as a share of that of `expected`."""
    return float((found - expected).square().mean().sqrt() / expected.square().mean().sqrt())
