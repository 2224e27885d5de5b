"""Numbers, sizes and times as people read them."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from frontend.cli.texts import text

_SIZE_UNITS = ("B", "KB", "MB", "GB", "TB")


def size(size_bytes: float) -> str:
    """1536 -> 1.5 KB (1 KB = 1,024 B)."""
    for unit in _SIZE_UNITS:
        if size_bytes < 1024 or unit == _SIZE_UNITS[-1]:
            break
        size_bytes /= 1024
    return f"{size_bytes:.0f} {unit}" if unit == "B" or size_bytes >= 100 else f"{size_bytes:.1f} {unit}"


def duration(seconds: float) -> str:
    """75 -> 1 min 15 s."""
    if not math.isfinite(seconds) or seconds < 0:
        return "?"
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago a moment was, in the largest fitting unit; empty for None."""
    if moment is None:
        return ""
    elapsed_s = ((now or datetime.now(UTC)) - _aware(moment)).total_seconds()
    for unit_s, key in ((86400, "time.days_ago"), (3600, "time.hours_ago"), (60, "time.minutes_ago")):
        if elapsed_s >= unit_s:
            return text(key, n=int(elapsed_s // unit_s))
    return text("time.seconds_ago", n=int(elapsed_s)) if elapsed_s >= 2 else text("time.now")


def moment(value: datetime | None) -> str:
    """Local date and time to the second; empty for None."""
    return _aware(value).astimezone().strftime("%Y-%m-%d %H:%M:%S") if value is not None else ""


def number(value: object, digits: int = 3) -> str:
    """A figure: thousands grouped, at most `digits` decimals; empty for None."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if value != 0 and abs(value) < 10**-digits:
        return f"{value:.1e}"
    return f"{value:,.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"


def one_line(value: str, longest: int) -> str:
    """A text on one line, cut at `longest` characters."""
    joined = " ".join(value.split())
    return joined if len(joined) <= longest else joined[: longest - 1].rstrip() + "…"


def figures(metrics: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Name and value of every figure; figures inside a group are named `group.figure`."""
    pairs: list[tuple[str, str]] = []
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            pairs += figures(value, f"{prefix}{name}.")
        else:
            pairs.append((f"{prefix}{name}", number(value)))
    return pairs


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
