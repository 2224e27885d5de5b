"""The language between a service and its child processes: one JSON object per line."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any


def encode(message: Mapping[str, Any]) -> bytes:
    """One line. NaN and infinities become null (JSON has none), lone surrogates their escape."""
    text = json.dumps(_finite(message), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return (text + "\n").encode("utf-8", "backslashreplace")


def tell(event: str, **fields: Any) -> None:
    """Say on stdout what happens: `{"event": …, …}`, for whoever started this process to show it."""
    sys.stdout.buffer.write(encode({"event": event, **fields}))
    sys.stdout.buffer.flush()


def decode(line: bytes) -> dict[str, Any]:
    """The message of a line.

    Raises:
        ValueError: If the line is not a JSON object.
    """
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError("a message must be a JSON object")
    return message


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
