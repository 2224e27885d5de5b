"""How values are written in the report: figures with their unit, moments in UTC, nothing as a dash."""

import math
from datetime import UTC, datetime
from typing import Any

NOTHING = "–"
_THIN = "\u202f"
_LONGEST_TEXT = 1500
_SIZES = ((1 << 20, "TiB"), (1 << 10, "GiB"), (1, "MiB"))


def number(value: Any, digits: int = 4) -> str:
    """A figure with so many significant digits; whole numbers with all of theirs, in groups of three."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return NOTHING if value is None else str(value) or NOTHING
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if isinstance(value, int) or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}".replace(",", _THIN)
    return f"{value:.{digits}g}"


def measured(value: Any) -> str:
    """A figure with four digits, zeros at the end too: 13.00 was measured as finely as 26.58."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return number(value)
    return f"{value:#.4g}".rstrip(".") if abs(value) < 1000 else number(value)


def duration(seconds: Any) -> str:
    """Hours, minutes and seconds, the two largest of them."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return NOTHING
    if seconds < 60:
        return f"{seconds:.3g}{_THIN}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{_THIN}h {minutes:02d}{_THIN}min" if hours else f"{minutes}{_THIN}min {rest:02d}{_THIN}s"


def memory(mib: Any) -> str:
    """An amount of memory, given in MiB."""
    if not isinstance(mib, int | float) or not math.isfinite(mib):
        return NOTHING
    factor, unit = next(((f, u) for f, u in _SIZES if mib >= f), _SIZES[-1])
    return f"{mib / factor:.3g}{_THIN}{unit}"


def moment(text: Any) -> str:
    """An ISO moment to the minute, in UTC."""
    if not isinstance(text, str):
        return NOTHING
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return text


def percent(share: Any) -> str:
    """A share as per cent."""
    if not isinstance(share, int | float) or not math.isfinite(share):
        return NOTHING
    return f"{100 * share:.3g}{_THIN}%"


def change(ratio: Any) -> str:
    """How much less or more a ratio to the former value is, with its sign."""
    if not isinstance(ratio, int | float) or not math.isfinite(ratio):
        return NOTHING
    return f"{'−' if ratio < 1 else '+'}{abs(ratio - 1) * 100:.3g}{_THIN}%"


def setting(value: Any) -> str:
    """A value of a config."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value is None or value == "" else f"{value:g}" if isinstance(value, float) else str(value)


def excerpt(text: Any) -> str:
    """The beginning of a text that may be long."""
    shown = str(text or "").strip()
    return shown if len(shown) <= _LONGEST_TEXT else shown[:_LONGEST_TEXT].rstrip() + " …"
