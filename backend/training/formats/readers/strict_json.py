"""JSON as RFC 8259 has it: no NaN, no name twice in an object, no depth that later steps could not walk."""

import json
import math
from typing import Any

_DEEPEST = 64
_TOO_DEEP = f"is nested more than {_DEEPEST} levels deep"


class NotStrictJson(ValueError):
    """A text that is no JSON, or JSON for the lenient only; the message completes "the row …"."""


class StrictJson:
    """Decodes value after value; a value that is lenient JSON is read to its end, so that the next one is found."""

    def __init__(self) -> None:
        self._complaint = ""
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_constant=self._constant, parse_float=self._float
        )

    def decode(self, text: str) -> Any:
        """The one value that the text is.

        Raises:
            NotStrictJson: If it is no JSON, or only for the lenient.
        """
        self._complaint = ""
        try:
            value = self._decoder.decode(text)
        except (ValueError, RecursionError) as exc:
            raise NotStrictJson(_reason(exc, is_one_line="\n" not in text)) from exc
        return self._checked(value, text)

    def decode_at(self, text: str, start: int) -> tuple[Any, int]:
        """The value that begins at `start`, or what is wrong with it as a `NotStrictJson`; and where it ends.

        Raises:
            NotStrictJson: If no JSON begins there, so that nobody knows where the next value would.
        """
        self._complaint = ""
        try:
            value, end = self._decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as exc:
            raise NotStrictJson(_reason(exc, is_one_line=False)) from exc
        try:
            return self._checked(value, text[start:end]), end
        except NotStrictJson as exc:
            return exc, end

    def _checked(self, value: Any, text: str) -> Any:
        if self._complaint:
            raise NotStrictJson(self._complaint)
        if text.count("[") + text.count("{") > _DEEPEST and _is_deeper(value, _DEEPEST):
            raise NotStrictJson(_TOO_DEEP)
        return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self._complaint = self._complaint or f"names {shortened(twice)} twice in one object"
        return members

    def _float(self, text: str) -> float:
        value = float(text)
        if math.isinf(value):
            self._complaint = self._complaint or "holds a number beyond the range of floating point"
        return value

    def _constant(self, name: str) -> None:
        self._complaint = self._complaint or f"holds {name}, which is not JSON"


def shortened(name: str, limit: int = 40) -> str:
    """A name for a message; what stands in the place of a name may be a whole text."""
    return name if len(name) <= limit else name[:limit] + "…"


def _reason(error: Exception, *, is_one_line: bool) -> str:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if not isinstance(error, json.JSONDecodeError):
        return "holds a number with too many digits"  # the only other ValueError of the decoder
    at = f"column {error.colno}" if is_one_line else f"line {error.lineno} column {error.colno}"
    return f"is not JSON: {error.msg.removesuffix(' at')} at {at}"


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value)
    return False
