"""The state of all random generators as JSON and tensors: no pickle, exact to the bit."""

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def capture_random() -> "tuple[dict[str, Any], dict[str, torch.Tensor]]":
    """State of python, numpy, torch and every CUDA device: a JSON part and a tensor part."""
    import numpy as np
    import torch

    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    plain = {
        "python": {"version": version, "words": list(words), "gauss": gauss},
        "numpy": {
            "name": str(name),
            "keys": [int(key) for key in keys],
            "position": int(position),
            "has_gauss": int(has_gauss),
            "cached_gaussian": float(cached),
        },
    }
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{index}": state for index, state in enumerate(torch.cuda.get_rng_state_all())}
    return plain, tensors


def restore_random(plain: dict[str, Any], tensors: "dict[str, torch.Tensor]") -> None:
    """Put all generators where `capture_random` found them; devices that are gone are left out."""
    import numpy as np
    import torch

    python, legacy = plain["python"], plain["numpy"]
    random.setstate((python["version"], tuple(python["words"]), python["gauss"]))
    np.random.set_state(
        (
            legacy["name"],
            np.asarray(legacy["keys"], dtype=np.uint32),
            legacy["position"],
            legacy["has_gauss"],
            legacy["cached_gaussian"],
        )
    )
    torch.set_rng_state(tensors["torch"])
    for index in range(torch.cuda.device_count()):
        if f"cuda.{index}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda.{index}"], index)
