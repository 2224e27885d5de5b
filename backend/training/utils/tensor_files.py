"""Tensors on disk as safetensors, with the operating system's own errors (so that a full disk is named).

Torch tensors and numpy arrays are both written; who reads says which of them it wants. Torch is never imported for
arrays.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import torch

    Array = np.typing.NDArray[Any]
    Tensors = Mapping[str, torch.Tensor] | Mapping[str, Array]

# readers of the transformers family insist on this entry
_METADATA = {"format": "pt"}


def write_tensors(path: Path, tensors: "Tensors") -> None:
    """Write tensors by name; the same tensors give the same bytes.

    The library's own writer hides the error number of a failed write, so the bytes are written here.
    """
    path.write_bytes(_serialised({name: tensors[name] for name in sorted(tensors)}))


def read_tensors(path: Path) -> "dict[str, torch.Tensor]":
    """All tensors of a file, on the CPU."""
    from safetensors.torch import load_file

    return load_file(path)


def read_arrays(path: Path) -> "dict[str, Array]":
    """All tensors of a file as numpy arrays (there is no bfloat16 among them)."""
    from safetensors.numpy import load_file

    arrays: dict[str, Array] = load_file(path)
    return arrays


def _serialised(tensors: "Mapping[str, torch.Tensor | Array]") -> bytes:
    import numpy as np

    arrays = {name: np.ascontiguousarray(value) for name, value in tensors.items() if isinstance(value, np.ndarray)}
    if len(arrays) == len(tensors):
        from safetensors.numpy import save

        return save(arrays, metadata=_METADATA)
    from safetensors.torch import save as save_torch

    # a mixture has no use; what is no tensor is refused by the library
    plain: Mapping[str, Any] = tensors
    return save_torch({name: value.detach().cpu().contiguous() for name, value in plain.items()}, metadata=_METADATA)
