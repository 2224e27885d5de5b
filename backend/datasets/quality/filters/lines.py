"""Lines that come again and again: page headers, menus, amendment notes."""

from collections.abc import Mapping

from backend.datasets.quality.base import BaseFilter
from backend.datasets.quality.reading import Reading


class DuplicateLineFilter(BaseFilter):
    """Repeated lines after unwrapping; the first occurrence is not counted."""

    name = "lines"
    signals = ("duplicate_lines", "duplicate_line_chars")

    def measure(self, reading: Reading) -> Mapping[str, float]:
        """Repeated lines as a share of all lines, and of all their characters."""
        lines = reading.lines
        seen: set[str] = set()
        repeated = repeated_chars = 0
        for line in lines:
            if line in seen:
                repeated += 1
                repeated_chars += len(line)
            seen.add(line)
        if not lines:
            return {}
        return {
            "duplicate_lines": repeated / len(lines),
            "duplicate_line_chars": repeated_chars / sum(map(len, lines)),
        }
