"""Why a request body or parameter was refused, in plain words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MAX_REASONS = 50
_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
_REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "unknown_parameter": "is not a parameter here; known are {known}",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "json_invalid": "is not valid JSON ({error})",
}
# how Python writes members of an enum in a list of what is allowed
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")


def field_reasons(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """`{field, reason}` for each of pydantic's errors, at most 50; what was sent is not repeated."""
    return [{"field": _field(error["loc"]), "reason": _reason(error)} for error in errors[:_MAX_REASONS]]


def summary(reasons: Sequence[Mapping[str, str]]) -> str:
    """One sentence for people who read only the detail."""
    return "; ".join(f"{reason['field']} {reason['reason']}" for reason in reasons[:5]) + "."


def _field(location: Sequence[str | int]) -> str:
    inner = location[1:] if location and location[0] in _PLACES else location
    # JSON errors carry the position as their only inner part.
    names = [str(part) for part in inner]
    return ".".join(names) if names and not names[0].isdigit() else "body"


def _reason(error: Mapping[str, Any]) -> str:
    template = _REASONS.get(str(error["type"]))
    if template is None:
        message = str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return f"is refused: {message}"
    return template.format_map({name: _MEMBER.sub(r"\1", str(value)) for name, value in error.get("ctx", {}).items()})
