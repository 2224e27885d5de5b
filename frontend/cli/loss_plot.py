"""A loss curve in the terminal, drawn with Braille dots (2 x 4 per character): no dependency, any width."""

import math
from collections.abc import Iterator, Sequence

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a Braille character by row and column."""

_BLANK = 0x2800


def loss_plot(points: Sequence[tuple[float, float]], *, width: int = 72, height: int = 12) -> str:
    """The curve through (step, loss) points, with the loss range at the left and the step range below.

    Args:
        points: In any order; points that are not finite are left out.
        width: Characters per line, axis included (at least 20).
        height: Lines of the plot itself (at least 2).

    Returns:
        Lines joined by newlines, none longer than `width`; empty if no point is finite.
    """
    finite = sorted((x, y) for x, y in points if math.isfinite(x) and math.isfinite(y))
    if not finite:
        return ""
    width, height = max(width, 20), max(height, 2)
    low, high = min(y for _, y in finite), max(y for _, y in finite)
    labels = [f"{value:.3g}" for value in (high, (high + low) / 2, low)]
    margin = max(len(label) for label in labels)
    columns = width - margin - 2
    cells = _draw(finite, columns, height)
    rows = {0: labels[0], (height - 1) // 2: labels[1], height - 1: labels[2]}
    lines = [
        f"{rows.get(row, ''):>{margin}} {'┤' if row in rows else '│'}{''.join(map(_sign, dots)).rstrip()}"
        for row, dots in enumerate(cells)
    ]
    first, last = f"{finite[0][0]:g}", f"{finite[-1][0]:g}"
    axis = f"{'':>{margin}} └{'─' * columns}"
    scale = f"{'':>{margin}}  {first}{last:>{max(columns - len(first), len(last) + 1)}}"
    return "\n".join([*lines, axis, scale[:width]])


def _sign(code: int) -> str:
    # a space, so that fonts without the blank pattern keep the columns
    return " " if code == _BLANK else chr(code)


def _draw(points: Sequence[tuple[float, float]], columns: int, rows: int) -> list[list[int]]:
    """Braille code points of the canvas, row by row."""
    cells = [[_BLANK] * columns for _ in range(rows)]
    right, bottom = 2 * columns - 1, 4 * rows - 1
    first, span = points[0][0], points[-1][0] - points[0][0]
    high = max(y for _, y in points)
    depth = high - min(y for _, y in points)

    def place(x: float, y: float) -> tuple[int, int]:
        return round((x - first) / (span or 1) * right), round((high - y) / (depth or 1) * bottom)

    dots = [place(x, y) for x, y in points]
    for start, end in zip(dots, dots[1:] or dots, strict=False):
        for x, y in _segment(start, end):
            cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
    return cells


def _segment(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Every dot on the straight line between two dots, both included."""
    (x0, y0), (x1, y1) = start, end
    steps = max(abs(x1 - x0), abs(y1 - y0), 1)
    for step in range(steps + 1):
        yield round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps)
