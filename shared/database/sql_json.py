"""JSON as both databases accept it: figures that are no numbers become null, everything else is refused or kept."""

import json
import math
from collections.abc import Mapping
from typing import Any


def dump_json(value: Any) -> str:
    """ASCII JSON text; NaN and infinities, which JSON does not have, are written as null.

    Raises:
        TypeError: If the value holds something that is not plain data.
    """
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), allow_nan=False)


def as_stored(value: Any) -> Any:
    """The value as it comes back from a database: plain lists and dicts, independent of the original."""
    return json.loads(dump_json(value))


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
