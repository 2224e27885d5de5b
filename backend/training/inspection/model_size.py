"""How large a base model is, from its configuration and the headers of its files; no weight is read."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# matrices that look like linear layers and are none, or are left out by `all-linear`
_NOT_ADAPTED = ("embed", "lm_head", "wte", "wpe")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """Numbers that decide memory and time.

    Args:
        parameters: All of them.
        linear: Linear layers that `all-linear` adapts, by name, as (out, in).
        hidden: Width of the stream between layers.
        intermediate: Width inside a layer's MLP.
        layers: Number of layers.
        vocabulary: Number of tokens.
        context_length: Tokens that it can read.
    """

    parameters: int
    linear: dict[str, tuple[int, int]]
    hidden: int
    intermediate: int
    layers: int
    vocabulary: int
    context_length: int

    @property
    def linear_parameters(self) -> int:
        """Parameters of the linear layers."""
        return sum(rows * columns for rows, columns in self.linear.values())

    def adapter_parameters(self, *, rank: int, modules: str | list[str]) -> int:
        """Parameters of a LoRA adapter of this rank on these modules."""
        chosen = [shape for name, shape in self.linear.items() if _is_adapted(name.removesuffix(".weight"), modules)]
        return sum(rank * (rows + columns) for rows, columns in chosen)


def model_size(folder: Path, *, context_length: int) -> ModelSize:
    """Of a checked base model folder.

    Args:
        folder: With config.json and safetensors.
        context_length: As `model_limit` found it.
    """
    config = _text_config(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    shapes = dict(_shapes(folder))
    hidden = int(config.get("hidden_size") or config.get("n_embd") or config.get("d_model") or 0)
    return ModelSize(
        parameters=sum(_product(shape) for shape in shapes.values()),
        linear={
            name: (shape[0], shape[1])
            for name, shape in shapes.items()
            if len(shape) == 2 and name.endswith(".weight") and not any(part in name for part in _NOT_ADAPTED)
        },
        hidden=hidden,
        intermediate=int(config.get("intermediate_size") or config.get("n_inner") or 4 * hidden),
        layers=int(config.get("num_hidden_layers") or config.get("n_layer") or 0),
        vocabulary=int(config.get("vocab_size") or 0),
        context_length=context_length,
    )


def _text_config(config: dict[str, Any]) -> dict[str, Any]:
    """The part about text, where a model reads pictures too."""
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) else config


def _shapes(folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    from safetensors import safe_open

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                yield name, tuple(file.get_slice(name).get_shape())


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product


def _is_adapted(layer: str, modules: str | list[str]) -> bool:
    """As peft decides: `all-linear`, the end of a path, or a pattern over whole paths."""
    if isinstance(modules, list):
        return layer.endswith(tuple(f".{name}" for name in modules))
    return modules == "all-linear" or layer.endswith(f".{modules}") or re.fullmatch(modules, layer) is not None
