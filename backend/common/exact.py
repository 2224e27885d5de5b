"""Values of request bodies that are what OpenAPI says they are.

Left to itself pydantic reads "5" as a number, 0 as false and 0.5 as a moment of 1970. A caller who sends such a thing
means something else, and should be told.
"""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool
from pydantic_core import PydanticCustomError

_LEAST_REASON = 3


def _no_text(value: object) -> object:
    if isinstance(value, str | bytes | bool):
        raise PydanticCustomError("no_number", "must be a number, not text or a truth value")
    return value


def _only_text(value: object) -> object:
    # a moment in the query is always text: a bare number there means seconds to pydantic and nothing to anybody else
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        raise PydanticCustomError("no_moment", "must be text such as 2026-03-01T08:00:00Z (a day: 2026-03-01)")
    return value


def _stripped(reason: str) -> str:
    """Without the space around it, which may not be all there is; JSON schemas know no such rule."""
    told = reason.strip()
    if len(told) < _LEAST_REASON:
        raise ValueError(f"at least {_LEAST_REASON} characters beside the space around them are needed")
    return told


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


NO_TEXT = BeforeValidator(_no_text)
"""For numbers that may be absent: `Annotated[int, Field(ge=1), NO_TEXT] | None` keeps the bounds in the description."""

Whole = Annotated[int, NO_TEXT]
Number = Annotated[float, NO_TEXT]
Truth = StrictBool
Moment = Annotated[AwareDatetime, BeforeValidator(_only_text)]
Day = Annotated[date, BeforeValidator(_only_text)]
Reason = Annotated[str, Field(min_length=_LEAST_REASON, max_length=2_000), AfterValidator(_stripped)]
"""Why somebody did what cannot be undone."""
