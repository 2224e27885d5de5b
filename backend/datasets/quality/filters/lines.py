"""Lines that come again and again: page headers, menus, amendment notes."""

from typing import TYPE_CHECKING

from backend.datasets.quality.base import BaseFilter, Signals

if TYPE_CHECKING:
    from backend.datasets.quality.columns import TextColumns


class DuplicateLineFilter(BaseFilter):
    """Repeated lines after unwrapping; the first occurrence is not counted."""

    name = "lines"
    signals = ("duplicate_lines", "duplicate_line_chars")

    def measure(self, columns: "TextColumns") -> Signals:
        """Repeated lines as a share of all lines, and of all their characters."""
        lines = columns.lines
        repeated = lines.groups.repeated.later
        return {
            "duplicate_lines": columns.share(lines.count(repeated), lines.counts),
            "duplicate_line_chars": columns.share(lines.characters(repeated), lines.characters(slice(None))),
        }
