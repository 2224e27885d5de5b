"""Tensors on disk as safetensors, with the operating system's own errors (so that a full disk is named)."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def write_tensors(path: Path, tensors: "Mapping[str, torch.Tensor]") -> None:
    """Write tensors by name; the same tensors give the same bytes.

    The library's own writer hides the error number of a failed write, so the bytes are written here.
    """
    from safetensors.torch import save

    ordered = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    # readers of the transformers family insist on this entry
    path.write_bytes(save(ordered, metadata={"format": "pt"}))


def read_tensors(path: Path) -> "dict[str, torch.Tensor]":
    """All tensors of a file, on the CPU."""
    from safetensors.torch import load_file

    return load_file(path)
