"""Guess what was meant: the nearest known name for a mistyped one."""

from collections.abc import Iterable


def nearest(asked: str, known: Iterable[str]) -> str | None:
    """The known name most like `asked` (case-insensitive, similarity >= 0.5), or None."""
    import difflib  # here: only who mistyped something needs it

    by_lower = {name.lower(): name for name in known}
    matches = difflib.get_close_matches(asked.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[matches[0]] if matches else None
