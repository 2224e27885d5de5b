"""Characters that no database stores: NUL, and halves of characters (lone surrogates), which JSON can write."""

import math
import re
from collections.abc import Mapping
from typing import Any

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """Whether every database takes a text: no NUL, and nothing that UTF-8 cannot write."""
    return _UNSTORABLE.search(text) is None


def storable(value: Any) -> Any:
    r"""JSON content as everybody can read it: what cannot be stored is written out (`\ud800`), NaN is null.

    Args:
        value: As `json.loads` gives it; names in objects are treated as texts are.
    """
    if isinstance(value, str):
        return value if is_storable(value) else _UNSTORABLE.sub(_written_out, value)
    if isinstance(value, Mapping):
        return {storable(name): storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _written_out(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
