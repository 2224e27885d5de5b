"""The state of all random generators as JSON and tensors: no pickle, exact to the bit.

Those of python, numpy, torch and every CUDA device, as far as the process has loaded the library: one that it has not
loaded cannot have drawn anything.
"""

import json
import random
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.typing.NDArray[Any]]


def capture_random() -> "tuple[dict[str, Any], Arrays]":
    """The state of all loaded generators: a JSON part and an array part."""
    version, words, gauss = random.getstate()
    plain: dict[str, Any] = {"python": {"version": version, "words": list(words), "gauss": gauss}}
    if "numpy" in sys.modules:
        plain["numpy"] = _capture_numpy()
    return plain, _capture_torch() if "torch" in sys.modules else {}


def restore_random(plain: Mapping[str, Any], arrays: "Mapping[str, np.typing.NDArray[Any]]") -> None:
    """Put all generators where `capture_random` found them; libraries and devices that are gone are left out."""
    python = plain["python"]
    random.setstate((python["version"], tuple(python["words"]), python["gauss"]))
    if "numpy" in plain:
        _restore_numpy(plain["numpy"])
    if "torch" in arrays and "torch" in sys.modules:
        _restore_torch(arrays)


def random_as_text() -> str:
    """The state of all loaded generators as one text, which other processes can pass on."""
    plain, arrays = capture_random()
    return json.dumps({"plain": plain, "arrays": {name: array.tobytes().hex() for name, array in arrays.items()}})


def restore_from_text(text: str) -> None:
    """Put all generators where `random_as_text` found them."""
    import numpy as np

    saved = json.loads(text)
    arrays = {name: np.frombuffer(bytes.fromhex(state), dtype=np.uint8) for name, state in saved["arrays"].items()}
    restore_random(saved["plain"], arrays)


def _capture_numpy() -> dict[str, Any]:
    import numpy as np

    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "name": str(name),
        "keys": [int(key) for key in keys],
        "position": int(position),
        "has_gauss": int(has_gauss),
        "cached_gaussian": float(cached),
    }


def _restore_numpy(state: Mapping[str, Any]) -> None:
    import numpy as np

    keys = np.asarray(state["keys"], dtype=np.uint32)
    np.random.set_state((state["name"], keys, state["position"], state["has_gauss"], state["cached_gaussian"]))


def _capture_torch() -> "Arrays":
    import torch

    arrays = {"torch": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        states = enumerate(torch.cuda.get_rng_state_all())
        arrays |= {f"cuda.{index}": state.cpu().numpy() for index, state in states}
    return arrays


def _restore_torch(arrays: "Mapping[str, np.typing.NDArray[Any]]") -> None:
    import torch

    torch.set_rng_state(torch.from_numpy(arrays["torch"].copy()))
    for index in range(torch.cuda.device_count()):
        if f"cuda.{index}" in arrays:
            torch.cuda.set_rng_state(torch.from_numpy(arrays[f"cuda.{index}"].copy()), index)
