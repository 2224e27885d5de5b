"""What an adapter's folder says of the run that made it, for a measurement under the same conditions."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.training.utils.quantization import Quantization


def trained_length(adapter_dir: Path) -> int | None:
    """Tokens per record that the adapter was trained on; None if its folder does not say."""
    length = _resolved(adapter_dir).get("max_length")
    return None if length is None else int(length)


def trained_quantization(adapter_dir: Path) -> Quantization | None:
    """How the weights of its base model were kept; None: unquantised, or its folder does not say."""
    found = _resolved(adapter_dir).get("quantization")
    return None if found is None else Quantization.from_json(found)


def _resolved(adapter_dir: Path) -> Mapping[str, Any]:
    try:
        run = json.loads((adapter_dir / "training_config.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    resolved: Mapping[str, Any] = run["resolved"]
    return resolved
