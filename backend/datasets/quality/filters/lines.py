"""Lines that come again and again: page headers, menus, amendment notes."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class DuplicateLineFilter(BaseFilter):
    """Repeated lines after unwrapping; the first occurrence is not counted."""

    name = "lines"
    version = 2
    signals = ("duplicate_lines", "duplicate_line_chars", "lines_in_a_row")
    counts = ("lines_in_a_row",)

    def measure(self, columns: "TextColumns") -> Signals:
        """Repeated lines as a share of all lines, and of their characters; most equal lines one after the other."""
        lines = columns.lines
        repeated = lines.groups.repeated.later
        return {
            "duplicate_lines": columns.share(lines.count(repeated), lines.counts),
            "lines_in_a_row": lines.longest_runs(),
            "duplicate_line_chars": columns.share(lines.characters(repeated), lines.characters(slice(None))),
        }
