"""The pictures of a report as PNG files, for slides and documents; in worker processes only, since it loads matplotlib.

The same numbers give the same bytes.
"""

from pathlib import Path
from typing import Any

from backend.datasets.report.bars import BarChart
from backend.datasets.report.wording import Wording

_DPI = 120
_LONGEST_LABEL = 36
_MOST_LABELS = 18
_INK, _SOFT, _BAR, _GRID = "#1d2733", "#5a6572", "#1f5a8a", "#dcd8cc"


def draw_picture(chart: BarChart, target: Path, say: Wording) -> None:
    """Draw a chart into a new PNG file."""
    # the object interface with its own canvas: pyplot keeps figures in global state and looks for a display
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height = 3.6 if chart.is_upright else 1.2 + 0.3 * len(chart.bars)
    figure = Figure(figsize=(8.0, height), dpi=_DPI, facecolor="white")
    # fixed margins: to measure every text first would take longer than to draw
    figure.subplots_adjust(
        left=0.09 if chart.is_upright else 0.33, right=0.97, top=1 - 0.5 / height, bottom=0.5 / height
    )
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.subplots()
    (_upright if chart.is_upright else _lying)(axes, chart, say)
    axes.set_title(chart.title, loc="left", color=_INK, fontsize=13, fontweight="bold", pad=12)
    axes.tick_params(length=0, colors=_SOFT, labelsize=9)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_axisbelow(True)
    # the version of a library is no part of a picture: an update must not give other bytes
    canvas.print_png(target, metadata={"Software": "CLARA"})


def _upright(axes: Any, chart: BarChart, say: Wording) -> None:
    places = range(len(chart.bars))
    drawn = axes.bar(places, [value for _, value in chart.bars], color=_BAR, width=0.82)
    axes.bar_label(drawn, [say.number(value) if value else "" for _, value in chart.bars], color=_SOFT, fontsize=8)
    every = max(1, -(-len(chart.bars) // _MOST_LABELS))
    axes.set_xticks(list(places)[::every], [label for label, _ in chart.bars][::every])
    axes.set_ylabel(chart.unit, color=_SOFT, fontsize=9)
    axes.yaxis.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda value, _: say.number(round(value)))


def _lying(axes: Any, chart: BarChart, say: Wording) -> None:
    places = range(len(chart.bars))
    drawn = axes.barh(places, [value for _, value in chart.bars], color=_BAR, height=0.72)
    axes.bar_label(drawn, [say.number(value) for _, value in chart.bars], color=_SOFT, fontsize=9, padding=4)
    axes.set_yticks(
        list(places),
        [label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…" for label, _ in chart.bars],
    )
    axes.invert_yaxis()
    axes.set_xlabel(chart.unit, color=_SOFT, fontsize=9)
    axes.margins(x=0.09)
    axes.xaxis.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: say.number(round(value)))
