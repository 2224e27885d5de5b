"""What is wrong with a training config, in words: what was expected, what was found, which name was meant."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from shared.errors import InvalidInput
from shared.utils.nearest import nearest

_LONGEST_SHOWN = 40
_WORDS: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_unicode": "must be Unicode text",
    "list_type": "must be a list",
    "finite_number": "must be a finite number",
    "invalid_key": "must have text as its name",
    "model_type": "must be a section with keys and values",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
}
_SYNONYMS: Mapping[str, str] = {"rank": "r", "lora_r": "r", "lr": "learning_rate", "epochs": "num_epochs"}
"""Names that other tools use for ours and that do not look alike."""


class InvalidTrainingConfig(InvalidInput):
    """A training config that cannot be run; `errors` lists every field with its reason."""

    code = "invalid_training_config"

    def __init__(self, errors: list[dict[str, str]]) -> None:
        listed = "; ".join(f"{error['field']}: {error['reason']}" for error in errors[:10])
        super().__init__(f"The training config is not valid. {listed}", errors=errors)


def explained(error: Any, known_keys: Callable[[list[str]], list[str]]) -> dict[str, str]:
    """Field and reason of an error of pydantic.

    Args:
        error: One of `ValidationError.errors()`.
        known_keys: Names that the section at a path has.
    """
    location = [str(part) for part in error["loc"]]
    return {"field": ".".join(location), "reason": _reason(error, location, known_keys)}


def found(value: object) -> str:
    """A value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"


def _reason(error: Any, location: list[str], known_keys: Callable[[list[str]], list[str]]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        guess = _SYNONYMS.get(location[-1]) or nearest(location[-1], known_keys(location[:-1]))
        return "unknown key" + (f"; did you mean '{guess}'?" if guess else "")
    if kind == "value_error":
        return str(context["error"])
    if kind not in _WORDS:
        return str(error["msg"])
    limits = {name: f"{limit:g}" if isinstance(limit, float) else limit for name, limit in context.items()}
    return f"{_WORDS[kind].format(**limits)}, found {found(error['input'])}{_hint(kind, context, error['input'])}"


def _hint(kind: str, context: Mapping[str, Any], value: object) -> str:
    if kind == "model_type" and value is None:
        return "; leave the section out to take its defaults"
    if kind == "literal_error" and isinstance(value, str):
        guess = nearest(value, re.findall(r"'([^']*)'", str(context["expected"])))
        return f"; did you mean '{guess}'?" if guess else ""
    return ""
